/** A button that changes something at once: it waits for the answer, and says what went wrong. */
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { dialogs as text } from "@/strings/dialogs";

interface ActButtonProps {
  readonly label: string;
  /** What a reader hears besides, where several buttons have the same label: "Revoke" and the key's name. */
  readonly about?: string;
  readonly onAct: () => unknown;
  readonly color?: string;
}

export function ActButton({ label, about, onAct, color }: ActButtonProps) {
  const [isBusy, setBusy] = useState(false);
  async function act() {
    setBusy(true);
    try {
      await onAct();
    } catch (failure) {
      tellFailure(failure);
    } finally {
      setBusy(false);
    }
  }
  return (
    <Button
      size="compact-sm"
      variant={color ? "light" : "default"}
      loading={isBusy}
      onClick={act}
      {...(color ? { color } : {})}
      {...(about ? { "aria-label": `${label}: ${about}` } : {})}
    >
      {label}
    </Button>
  );
}

/** Says in a corner what was not done, and why; it stays until it is closed. */
export function tellFailure(failure: unknown): void {
  notifications.show({
    color: "red",
    title: text.notDone,
    message: failure instanceof Error ? failure.message : String(failure),
    autoClose: false,
    role: "alert",
  });
}
