/** Asks for a word to be typed before something is done that others feel at once. */
import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { common as text } from "@/strings/common";
import { Failure } from "./states";

interface ConfirmTypedProps {
  readonly opened: boolean;
  readonly title: string;
  /** What will happen. */
  readonly what: ReactNode;
  /** What has to be typed. */
  readonly word: string;
  /** What the button says. */
  readonly action: string;
  readonly busy: boolean;
  readonly error: unknown;
  readonly confirm: () => void;
  readonly close: () => void;
}

export function ConfirmTyped({ opened, close, title, ...asked }: ConfirmTypedProps) {
  return (
    <Modal opened={opened} onClose={close} title={title} transitionProps={{ duration: 0 }}>
      <TypedWord key={asked.word} close={close} {...asked} />
    </Modal>
  );
}

/** The question alone, for where a dialog is open already. */
export function TypedWord({
  what,
  word,
  action,
  busy,
  error,
  confirm,
  close,
}: Omit<ConfirmTypedProps, "opened" | "title">) {
  const [typed, setTyped] = useState("");
  const right = typed.trim() === word;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (right) confirm();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm" component="div">
          {what}
        </Text>
        <TextInput
          label={text.typeToConfirm(word)}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          data-testid="confirm-word"
        />
        {error ? <Failure error={error} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {text.cancel}
          </Button>
          <Button type="submit" color="red" disabled={!right} loading={busy} data-testid="confirm">
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
