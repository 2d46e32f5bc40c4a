/** Thumbs and a comment on a run, one of its steps, or a message of it; what one has said can be changed. */
import { ActionIcon, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconMessage, IconThumbDown, IconThumbUp } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan, useMe } from "@/app/session";
import { thumbs as text } from "@/strings/thumbs";
import { Failure } from "./states";

type Feedback = Schema<"Feedback">;
type Given = Schema<"NewFeedback">;

interface ThumbsProps {
  readonly runId: string;
  /** The key of a step of the run. */
  readonly step?: string;
  /** The id that a message of the run is known by. */
  readonly message?: string;
}

/** What a principal has said of one thing, among all that was said of its run. */
export function ownOf(all: readonly Feedback[], principal: string, step: string, message: string) {
  return all.find((one) => one.principal === principal && one.step === step && one.message === message);
}

/** Shown to those who may give feedback; nobody else sees anything here. */
export function Thumbs({ runId, step = "", message = "" }: ThumbsProps) {
  const can = useCan();
  const me = useMe();
  const { said, give, body } = useFeedback(runId, step, message, me?.principal ?? "");
  const [isOpen, setOpen] = useState(false);
  const [draft, setDraft] = useState<string>();
  if (!can("feedback:give")) return null;
  const rating = give.isPending ? (body?.rating ?? 0) : (said?.rating ?? 0);
  const tell = (given: Pick<Given, "rating" | "comment">, done?: () => void) =>
    give.mutate(
      { body: { ...given, run_id: runId, step, message } },
      done === undefined ? {} : { onSuccess: done },
    );
  const press = (wanted: number) =>
    tell({ rating: wanted === rating ? 0 : wanted, comment: said?.comment ?? null });
  return (
    <Stack gap={4} data-testid="thumbs">
      <Group gap={4} role="group" aria-label={text.group}>
        <Thumb name="good" isPressed={rating > 0} onPress={() => press(1)} />
        <Thumb name="bad" isPressed={rating < 0} onPress={() => press(-1)} />
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          title={text.comment}
          aria-label={text.comment}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          data-testid="thumbs-comment"
        >
          <IconMessage size={15} />
        </ActionIcon>
        <Text size="xs" c="dimmed" role="status">
          {text.said(rating)}
        </Text>
      </Group>
      {said?.comment && !isOpen && (
        <Text size="xs" c="dimmed">
          {text.commented(said.comment)}
        </Text>
      )}
      {isOpen && (
        <Comment
          value={draft ?? said?.comment ?? ""}
          onChange={setDraft}
          isSending={give.isPending}
          onSend={(comment) =>
            tell({ rating, comment: comment.trim() || null }, () => {
              setDraft(undefined);
              setOpen(false);
            })
          }
        />
      )}
      {give.error && (
        <Failure error={give.error} title={text.failed} retry={body && (() => give.mutate({ body }))} />
      )}
    </Stack>
  );
}

/** What was said of one thing of a run, how to say it, and what is being said. All of a run share one query. */
function useFeedback(runId: string, step: string, message: string, principal: string) {
  const can = useCan();
  const queries = useQueryClient();
  const asked = { params: { query: { run_id: runId, limit: 200 } } };
  const options = $api.queryOptions("get", "/api/v1/feedback", asked);
  const all = $api.useQuery("get", "/api/v1/feedback", asked, { enabled: can("feedback:read") });
  const give = $api.useMutation("post", "/api/v1/feedback", {
    onSuccess: (kept) =>
      queries.setQueryData<Schema<"Page_Feedback_">>(options.queryKey, (page) => ({
        next_cursor: page?.next_cursor ?? null,
        items: [kept, ...(page?.items ?? []).filter(({ id }) => id !== kept.id)],
      })),
  });
  const said = ownOf(all.data?.items ?? [], principal, step, message);
  return { said, give, body: give.variables?.body };
}

interface ThumbProps {
  readonly name: "good" | "bad";
  readonly isPressed: boolean;
  readonly onPress: () => void;
}

/** Its hint is the browser's own: a list of cards has hundreds, and a tooltip for each is slow. */
function Thumb({ name, isPressed, onPress }: ThumbProps) {
  const Icon = name === "good" ? IconThumbUp : IconThumbDown;
  return (
    <ActionIcon
      variant={isPressed ? "light" : "subtle"}
      color={isPressed ? (name === "good" ? "green" : "red") : "gray"}
      size="sm"
      title={text[name]}
      aria-label={text[name]}
      aria-pressed={isPressed}
      onClick={onPress}
      data-testid={`thumbs-${name}`}
    >
      <Icon size={15} />
    </ActionIcon>
  );
}

interface CommentProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onSend: (value: string) => void;
  readonly isSending: boolean;
}

function Comment({ value, onChange, onSend, isSending }: CommentProps) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSend(value);
      }}
    >
      <Textarea
        label={text.commentLabel}
        size="xs"
        rows={3}
        maxLength={10_000}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <Button type="submit" size="compact-xs" variant="light" mt={4} loading={isSending}>
        {text.send}
      </Button>
    </form>
  );
}
