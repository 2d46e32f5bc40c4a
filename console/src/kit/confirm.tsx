/** Confirmation of what has consequences: by a button, or by typing a word where it cannot be taken back. */
import { TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { common } from "@/strings/common";
import { dialogs as text } from "@/strings/dialogs";
import { FormDialog } from "./form-dialog";

interface ConfirmByTypingProps {
  readonly opened: boolean;
  readonly title: string;
  /** What has to be typed: a name or an id, as a rule. */
  readonly word: string;
  /** What the red button says. */
  readonly danger: string;
  readonly onConfirm: () => unknown;
  readonly onClose: () => void;
  /** What will happen. */
  readonly children?: ReactNode;
}

/** Nothing is done before the word was typed; what fails is shown, and the dialog stays. */
export function ConfirmByTyping({ opened, ...rest }: ConfirmByTypingProps) {
  return opened ? <Typing {...rest} /> : null;
}

function Typing({ title, word, danger, onConfirm, onClose, children }: Omit<ConfirmByTypingProps, "opened">) {
  const [typed, setTyped] = useState("");
  const isRight = typed.trim() === word;
  const isWrong = typed !== "" && !word.startsWith(typed.trim());
  return (
    <FormDialog
      title={title}
      action={danger}
      color="red"
      disabled={!isRight}
      onSubmit={onConfirm}
      onClose={onClose}
    >
      {children}
      <TextInput
        label={common.typeToConfirm(word)}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        error={isWrong ? text.wrongWord(word) : undefined}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
      />
    </FormDialog>
  );
}
