/** Where the customer writes. Enter sends; what could not be sent stays, with a button that tries again. */
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { chat as text } from "@/strings/chat";

interface ComposerProps {
  /** Whether something may be sent now; it may always be typed. */
  readonly ready: boolean;
  readonly focused: boolean;
  readonly onSend: (said: string) => void;
}

export function Composer({ ready, focused, onSend }: ComposerProps) {
  const [said, setSaid] = useState("");
  const sendable = ready && said.trim() !== "";

  function send(event?: FormEvent): void {
    event?.preventDefault();
    if (!sendable) return;
    onSend(said.trim());
    setSaid("");
  }

  function pressed(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  }

  return (
    <form className="composer" onSubmit={send}>
      <textarea
        aria-label={text.input}
        placeholder={text.input}
        data-testid="chat-input"
        rows={2}
        maxLength={10_000}
        // biome-ignore lint/a11y/noAutofocus: the customer has pressed a button to be able to write here
        autoFocus={focused}
        value={said}
        onChange={(event) => setSaid(event.currentTarget.value)}
        onKeyDown={pressed}
      />
      <button type="submit" className="primary" data-testid="send-message" disabled={!sendable}>
        {text.send}
      </button>
    </form>
  );
}
