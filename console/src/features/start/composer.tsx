/** The box in which one says what shall be done, and sends it. */
import { ActionIcon, Button, Group, Paper, Select, Stack, Text, Textarea } from "@mantine/core";
import { IconArrowBackUp, IconPlayerPlay, IconSend } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Schema } from "@/api/client";
import { isRetryable } from "@/api/problem";
import { Failure } from "@/kit/states";
import { start as text } from "@/strings/start";
import { faultOf, inputOf, takingOf } from "./input";
import type { Draft } from "./use-draft";
import { useSubmission, type Wanted } from "./use-submission";

type Workflow = Schema<"WorkflowSummary">;

interface ComposerProps {
  readonly draft: Draft;
  readonly workflow: Workflow;
  readonly workflows: readonly Workflow[];
}

export function Composer({ draft, workflow, workflows }: ComposerProps) {
  const navigate = useNavigate();
  const [fault, setFault] = useState<string>();
  const box = useRef<HTMLDivElement>(null);
  const chosen = draft.template;
  useEffect(() => {
    if (chosen !== undefined) box.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const taking = takingOf(workflow.input_schema);
  const isJson = taking.kind === "json";
  const submission = useSubmission((runId) => void navigate({ to: "/runs/$runId", params: { runId } }));

  function send() {
    if (submission.isPending) return;
    const wrong = faultIn(draft.typed);
    setFault(wrong);
    if (wrong !== undefined) return;
    const wanted: Wanted = { workflow: workflow.name, input: inputOf(taking, draft.typed) };
    submission.mutate(wanted);
  }

  function faultIn(typed: string): string | undefined {
    if (typed.trim() === "") return text.empty;
    return isJson ? faultOf(workflow.input_schema, typed) : undefined;
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  }

  return (
    <Paper withBorder p="md" ref={box} data-testid="chat-interface">
      <Stack gap="sm">
        <Textarea
          label={isJson ? text.json : text.prompt}
          description={isJson ? text.jsonHint : text.promptHint}
          placeholder={
            workflow.name === "mlops" ? text.promptPlaceholder : text.textPlaceholder(workflow.name)
          }
          value={draft.typed}
          onChange={(event) => {
            draft.type(event.currentTarget.value);
            setFault(undefined);
          }}
          onKeyDown={onKeyDown}
          error={fault}
          autosize
          minRows={4}
          maxRows={16}
          data-testid="chat-input"
          classNames={isJson ? { input: "mono" } : {}}
          spellCheck={!isJson}
        />
        {draft.replaced !== undefined && (
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<IconArrowBackUp size={14} />}
            onClick={draft.restore}
            style={{ alignSelf: "flex-start" }}
          >
            {text.restore}
          </Button>
        )}
        {submission.error && (
          <Failure
            error={submission.error}
            title={text.sendFailed}
            retry={isRetryable(submission.error) ? send : undefined}
          />
        )}
        <Group justify="space-between" gap="xs">
          <Select
            aria-label={text.workflow}
            data={workflows.map(({ name }) => name)}
            value={workflow.name}
            onChange={(name) => name && draft.take(name)}
            allowDeselect={false}
            searchable={workflows.length > 8}
            w={180}
          />
          <Text size="xs" c="dimmed" flex="1 1 160px">
            {workflow.summary}
          </Text>
          <Group gap="xs" wrap="nowrap">
            <ActionIcon
              variant="default"
              size="input-sm"
              aria-label={text.send}
              onClick={send}
              disabled={submission.isPending}
              data-testid="send-button"
            >
              <IconSend size={16} />
            </ActionIcon>
            <Button
              leftSection={<IconPlayerPlay size={16} />}
              onClick={send}
              loading={submission.isPending}
              data-testid="run-live-button"
            >
              {text.runLive}
            </Button>
          </Group>
        </Group>
      </Stack>
    </Paper>
  );
}

/** What stands in the place of the box for whoever may only watch. */
export function OnlyWatching() {
  return (
    <Text c="dimmed" size="sm">
      {text.onlyWatching}
    </Text>
  );
}
