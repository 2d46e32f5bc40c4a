/** Changes one's own password. All sessions end with that, so that one signs in anew. */
import { PasswordInput, Text } from "@mantine/core";
import { useState } from "react";
import { client } from "@/api/client";
import { FormDialog } from "@/kit/form-dialog";
import { account as text } from "@/strings/settings";

const SHORTEST = 12;

export function ChangePassword({ onClose }: { readonly onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  async function send() {
    await client.PUT("/api/v1/me/password", { body: { new: next, ...(current ? { current } : {}) } });
    location.assign("/sign-in");
  }
  const isReady = next.length >= SHORTEST && next === again;
  return (
    <FormDialog
      title={text.changeTitle}
      action={text.change}
      disabled={!isReady}
      onSubmit={send}
      onClose={onClose}
    >
      <Text size="sm">{text.changeHint}</Text>
      <PasswordInput
        label={text.current}
        description={text.currentHint}
        value={current}
        onChange={(event) => setCurrent(event.currentTarget.value)}
        autoComplete="current-password"
        data-autofocus
      />
      <PasswordInput
        label={text.next}
        value={next}
        onChange={(event) => setNext(event.currentTarget.value)}
        error={next !== "" && next.length < SHORTEST ? text.short : undefined}
        autoComplete="new-password"
        required
      />
      <PasswordInput
        label={text.again}
        value={again}
        onChange={(event) => setAgain(event.currentTarget.value)}
        error={again !== "" && !next.startsWith(again) ? text.differs : undefined}
        autoComplete="new-password"
        required
      />
    </FormDialog>
  );
}
