/** Confirmation of what has consequences: by a button, or by typing a word where it cannot be taken back. */
import { Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { common } from "@/strings/common";
import { dialogs as text } from "@/strings/dialogs";
import { FormBody, FormDialog } from "./form-dialog";

interface SureProps {
  readonly title: string;
  readonly what: string;
  readonly action: string;
  readonly onSure: () => unknown;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

/** Asks once more before what does little harm, or can be taken back. It closes when that is done. */
export function Sure({ title, what, action, onSure, onClose, children }: SureProps) {
  async function send() {
    await onSure();
    onClose();
  }
  return (
    <FormDialog title={title} action={action} color="red" onSubmit={send} onClose={onClose}>
      <Text size="sm">{what}</Text>
      {children}
    </FormDialog>
  );
}

interface TypedWordProps {
  /** What has to be typed: a name or an id, as a rule. */
  readonly word: string;
  /** What the red button says. */
  readonly danger: string;
  readonly onConfirm: () => unknown;
  readonly onClose: () => void;
  /** What will happen. */
  readonly what?: string;
}

interface ConfirmByTypingProps extends TypedWordProps {
  readonly opened: boolean;
  readonly title: string;
}

/** Nothing is done before the word was typed; what fails is shown, and the dialog stays. */
export function ConfirmByTyping({ opened, ...rest }: ConfirmByTypingProps) {
  return opened ? <TypingDialog {...rest} /> : null;
}

function TypingDialog({ title, ...asked }: Omit<ConfirmByTypingProps, "opened">) {
  const { field, form } = useTypedWord(asked);
  return (
    <FormDialog title={title} {...form}>
      {field}
    </FormDialog>
  );
}

/** The question alone, for where a dialog is open already. */
export function TypedWord(asked: TypedWordProps) {
  const { field, form } = useTypedWord(asked);
  return <FormBody {...form}>{field}</FormBody>;
}

function useTypedWord({ what, word, danger, onConfirm, onClose }: TypedWordProps) {
  const [typed, setTyped] = useState("");
  const isRight = typed.trim() === word;
  const isWrong = typed !== "" && !word.startsWith(typed.trim());
  const field = (
    <>
      {what && <Text size="sm">{what}</Text>}
      <TextInput
        label={common.typeToConfirm(word)}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        error={isWrong ? text.wrongWord(word) : undefined}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        data-testid="confirm-word"
      />
    </>
  );
  const form = {
    action: danger,
    color: "red",
    disabled: !isRight,
    onSubmit: onConfirm,
    onClose,
    testId: "confirm",
  };
  return { field, form };
}
