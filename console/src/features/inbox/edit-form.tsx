/** Other arguments for an action, as JSON, with what they change. */
import { Button, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { inbox as text } from "@/strings/inbox";
import { pretty } from "./diff";
import { DiffView } from "./diff-view";

export type Parsed = { readonly value: unknown } | { readonly fault: string };

/** The value that a text is as JSON, or what is wrong with it. */
export function parsed(written: string): Parsed {
  try {
    return { value: JSON.parse(written) as unknown };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

interface EditFormProps {
  readonly given: unknown;
  readonly busy: boolean;
  readonly send: (changed: unknown) => void;
}

export function EditForm({ given, busy, send }: EditFormProps) {
  const [written, setWritten] = useState(() => pretty(given));
  const read = parsed(written);
  const fault = "fault" in read ? read.fault : null;
  const value = "value" in read ? read.value : given;
  const unchanged = pretty(value) === pretty(given);
  return (
    <Stack gap="xs" align="stretch">
      <Textarea
        label={text.editLabel}
        description={text.editHint}
        error={fault !== null && text.notJson(fault)}
        value={written}
        onChange={(event) => setWritten(event.currentTarget.value)}
        autosize
        minRows={4}
        maxRows={24}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        data-testid="edit-arguments"
      />
      {fault === null && unchanged && (
        <Text size="sm" c="dimmed">
          {text.unchanged}
        </Text>
      )}
      {fault === null && !unchanged && (
        <>
          <Text size="sm" fw={600}>
            {text.preview}
          </Text>
          <DiffView before={given} after={value} />
        </>
      )}
      <Button
        w="fit-content"
        onClick={() => send(value)}
        disabled={fault !== null || unchanged}
        loading={busy}
        data-testid="send-edit"
      >
        {text.sendEdit}
      </Button>
    </Stack>
  );
}
