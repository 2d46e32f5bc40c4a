/** A question that is answered, not decided: one of its choices, words of one's own, or its default. */
import { Button, Radio, Stack, Text, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { $api } from "@/api/client";
import { useMe } from "@/app/session";
import { Failure } from "@/kit/states";
import { inbox as text } from "@/strings/inbox";
import { Closing } from "./closing";
import { Countdown } from "./countdown";
import { Section } from "./facts";
import { mayDecide } from "./may";
import { type Question, useAskAnew, useQuestion } from "./use-questions";

const OTHER = "\u0000other";

interface PlainQuestionProps {
  readonly question: Question;
  readonly onDone?: (() => void) | undefined;
}

export function PlainQuestion({ question: listed, onDone }: PlainQuestionProps) {
  const me = useMe();
  const { data: question = listed } = useQuestion(listed.id, listed);
  const may = mayDecide(me, question);
  const isOpen = question.status === "open";
  return (
    <Stack gap="md" data-testid="plain-question">
      {isOpen && question.expires_at && (
        <Countdown
          expiresAt={question.expires_at}
          {...(question.default !== null && { after: text.answerHint(question.default) })}
        />
      )}
      {!isOpen && <Closing question={question} />}
      <Section title={text.ask}>
        <Text className="wrapped">{question.prompt}</Text>
        {question.why && (
          <Text size="sm" c="dimmed">
            {question.why}
          </Text>
        )}
      </Section>
      {isOpen && may.answer && <AnswerForm key={question.id} question={question} onDone={onDone} />}
      {isOpen && !may.answer && may.why && <Text c="dimmed">{may.why}</Text>}
    </Stack>
  );
}

function AnswerForm({ question, onDone }: PlainQuestionProps) {
  const { choices, free, default: fallback, default_assumes, kind } = question;
  const [chosen, setChosen] = useState<string | null>(null);
  const [written, setWritten] = useState("");
  const askAnew = useAskAnew();
  const sending = $api.useMutation("post", "/api/v1/questions/{question_id}/answer", {
    onSuccess: () => {
      notifications.show({ message: text.sent.answer, color: "green" });
      askAnew(question.id);
      onDone?.();
    },
  });
  const writes = choices.length === 0 || chosen === OTHER;
  const answer = writes ? written : (chosen ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    sending.mutate({ params: { path: { question_id: question.id } }, body: { answer } });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" align="stretch">
        {choices.length > 0 && (
          <Choices choices={choices} free={free} kind={kind} chosen={chosen} choose={setChosen} />
        )}
        {writes && (
          <Textarea
            label={choices.length > 0 ? text.otherLabel : text.yourAnswer}
            description={fallback === null ? undefined : text.answerHint(fallback)}
            value={written}
            onChange={(event) => setWritten(event.currentTarget.value)}
            autosize
            minRows={2}
            maxRows={16}
            maxLength={10_000}
            data-testid="answer-text"
          />
        )}
        {default_assumes && (
          <Text size="sm" c="dimmed">
            {text.assumes(default_assumes)}
          </Text>
        )}
        <Button
          type="submit"
          w="fit-content"
          loading={sending.isPending}
          disabled={answer.trim() === "" && fallback === null}
          data-testid="send-answer"
        >
          {text.answer}
        </Button>
        {sending.error && <Failure error={sending.error} />}
      </Stack>
    </form>
  );
}

interface ChoicesProps {
  readonly choices: readonly string[];
  /** Whether other words are taken, too. */
  readonly free: boolean;
  readonly kind: Question["kind"];
  readonly chosen: string | null;
  readonly choose: (value: string) => void;
}

function Choices({ choices, free, kind, chosen, choose }: ChoicesProps) {
  const outcomes: Readonly<Record<string, string>> = text.outcomes;
  return (
    <Radio.Group label={text.yourAnswer} value={chosen} onChange={choose}>
      <Stack gap={6} mt={6}>
        {choices.map((choice) => (
          <Radio
            key={choice}
            value={choice}
            label={choice}
            description={kind === "unknown_outcome" ? outcomes[choice] : undefined}
          />
        ))}
        {free && <Radio value={OTHER} label={text.other} />}
      </Stack>
    </Radio.Group>
  );
}
