/** A form in a dialog. What fails is shown in it, and nothing that was typed is lost. Mount it to open it. */
import { Button, Group, Modal, Stack } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { common as text } from "@/strings/common";
import { Failure } from "./states";

interface FormDialogProps {
  readonly title: string;
  /** What the button says that sends it. */
  readonly action: string;
  readonly onSubmit: () => unknown;
  readonly onClose: () => void;
  /** Red for what cannot be taken back. */
  readonly color?: string;
  readonly disabled?: boolean;
  readonly wide?: boolean;
  readonly children?: ReactNode;
}

export function FormDialog(props: FormDialogProps) {
  const { title, action, onSubmit, onClose, color, disabled = false, wide = false, children } = props;
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  useFocusBack();
  async function send(event: FormEvent) {
    event.preventDefault();
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
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={wide ? "lg" : "md"}
      closeButtonProps={{ "aria-label": text.close }}
      transitionProps={{ duration: 0 }}
    >
      <form onSubmit={send} noValidate>
        <Stack gap="sm">
          {children}
          {error !== undefined && <Failure error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {text.cancel}
            </Button>
            <Button type="submit" loading={isBusy} disabled={disabled} {...(color ? { color } : {})}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
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
