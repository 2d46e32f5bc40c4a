/** Asks once more before something is done that can be taken back, or that does little harm. */
import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { FormDialog } from "@/kit/form-dialog";

interface SureProps {
  readonly title: string;
  readonly what: string;
  readonly action: string;
  readonly onSure: () => unknown;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

/** It closes when what was to be done is done. */
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
