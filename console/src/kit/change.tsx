/** A button that changes something after one has confirmed it; what goes wrong is shown, and nothing typed is lost. */
import { Button, type ButtonProps, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { common as text } from "@/strings/common";
import { FormDialog } from "./form-dialog";

interface ChangeProps {
  /** What the button says; also the title of what opens, if no other is given. */
  readonly label: string;
  readonly title?: string;
  /** What will happen. */
  readonly hint?: ReactNode;
  /** What the button within says. */
  readonly confirm?: string;
  /** Of the button within. */
  readonly color?: string;
  readonly variant?: ButtonProps["variant"];
  /** Fields; what they hold is kept by whoever shows this. */
  readonly children?: ReactNode;
  /** Makes the change; what it throws is shown. */
  readonly run: () => Promise<unknown>;
  readonly onDone?: () => void;
}

export function Change(props: ChangeProps) {
  const { label, title = label, hint, confirm = label, color, variant = "default" } = props;
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  async function send() {
    await props.run();
    close();
    props.onDone?.();
  }
  return (
    <>
      <Button size="xs" variant={variant} onClick={() => setOpen(true)}>
        {label}
      </Button>
      {isOpen && (
        <FormDialog
          title={title}
          action={confirm}
          color={color}
          onSubmit={send}
          onClose={close}
          isChecked
          failed={text.notChanged}
        >
          {hint && (
            <Text component="div" size="sm">
              {hint}
            </Text>
          )}
          {props.children}
        </FormDialog>
      )}
    </>
  );
}
