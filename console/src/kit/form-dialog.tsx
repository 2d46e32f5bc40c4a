/** A form in a dialog. What fails is shown in it, and nothing that was typed is lost. Mount it to open it. */
import { Button, Group, Modal, Stack } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { common as text } from "@/strings/common";
import { Failure } from "./states";

interface FormBodyProps {
  /** What the button says that sends it. */
  readonly action: string;
  readonly onSubmit: () => unknown;
  readonly onClose: () => void;
  /** Red for what cannot be taken back. */
  readonly color?: string | undefined;
  readonly disabled?: boolean;
  /** Whether the browser first sees to what is required of the fields. */
  readonly isChecked?: boolean;
  /** What is said of a failure, rather than what kind it is of. */
  readonly failed?: string;
  readonly testId?: string;
  readonly children?: ReactNode;
}

interface FormDialogProps extends FormBodyProps {
  readonly title: string;
  readonly wide?: boolean;
}

export function FormDialog({ title, wide = false, ...body }: FormDialogProps) {
  useFocusBack();
  return (
    <Modal opened onClose={body.onClose} title={title} size={wide ? "lg" : "md"}>
      <FormBody {...body} />
    </Modal>
  );
}

/** The form alone, for where a dialog is open already. */
export function FormBody(props: FormBodyProps) {
  const { action, onSubmit, onClose, color, disabled = false, isChecked = false, failed, testId } = props;
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  async function send() {
    if (disabled || isBusy) return;
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    void send();
  }
  return (
    <form onSubmit={submit} noValidate={!isChecked}>
      <Stack gap="sm">
        {props.children}
        {error !== undefined && <Failure error={error} {...(failed ? { title: failed } : {})} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {text.cancel}
          </Button>
          <Button
            type="submit"
            loading={isBusy}
            disabled={disabled}
            data-testid={testId}
            {...(color ? { color } : {})}
          >
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Gives the focus back to what had it before the dialog was there. */
export function useFocusBack(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    },
    [before],
  );
}
