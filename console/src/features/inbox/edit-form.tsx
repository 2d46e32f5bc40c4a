/** Other arguments for an action, as JSON, with what they change. */
import { Button, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { pretty, readJson } from "@/kit/json";
import { diffOf } from "@/kit/line-diff";
import { LineDiff } from "@/kit/line-diff-view";
import { inbox as text } from "@/strings/inbox";

interface EditFormProps {
  readonly given: unknown;
  readonly busy: boolean;
  readonly send: (changed: unknown) => void;
}

export function EditForm({ given, busy, send }: EditFormProps) {
  const [written, setWritten] = useState(() => pretty(given));
  const { value, fault } = readJson(written);
  const isWrong = fault !== undefined;
  const isUnchanged = pretty(value) === pretty(given);
  return (
    <Stack gap="xs" align="stretch">
      <Textarea
        label={text.editLabel}
        description={text.editHint}
        error={isWrong && text.notJson(fault)}
        value={written}
        onChange={(event) => setWritten(event.currentTarget.value)}
        autosize
        minRows={4}
        maxRows={24}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        data-testid="edit-arguments"
      />
      {!isWrong && isUnchanged && (
        <Text size="sm" c="dimmed">
          {text.unchanged}
        </Text>
      )}
      {!isWrong && !isUnchanged && (
        <>
          <Text size="sm" fw={600}>
            {text.preview}
          </Text>
          <LineDiff label={text.diffLabel} rows={diffOf(pretty(given), pretty(value))} />
        </>
      )}
      <Button
        w="fit-content"
        onClick={() => send(value)}
        disabled={isWrong || isUnchanged}
        loading={busy}
        data-testid="send-edit"
      >
        {text.sendEdit}
      </Button>
    </Stack>
  );
}
