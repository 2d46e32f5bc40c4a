/** Sets a breaker by hand: what it does from now on, why, and until when. */
import { Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { client } from "@/api/client";
import { FormDialog } from "@/kit/form-dialog";
import { momentOf } from "@/kit/local-moment";
import { useRefresh } from "@/kit/refresh";
import { breakers as text } from "@/strings/health";
import { pathOf } from "./rates";

const MODES = ["forced_open", "disabled", "metrics_only"] as const;
type Mode = (typeof MODES)[number];

export function SetByHand({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const refresh = useRefresh("/api/v1/breakers");
  const [which, setWhich] = useState(name);
  const [mode, setMode] = useState<Mode>("forced_open");
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState("");
  async function send() {
    const params = { path: { name: pathOf(which.trim()) } };
    const body = { mode, reason: reason.trim(), until: momentOf(until) };
    await client.PUT("/api/v1/breakers/{name}/override", { params, body });
    await refresh();
    onClose();
  }
  const title = name ? text.setTitle(name) : text.setAny;
  const isReady = which.trim() !== "" && reason.trim() !== "";
  return (
    <FormDialog
      title={title}
      action={text.set}
      color="red"
      disabled={!isReady}
      onSubmit={send}
      onClose={onClose}
    >
      {!name && (
        <TextInput
          label={text.nameLabel}
          description={text.nameHint}
          value={which}
          onChange={(event) => setWhich(event.currentTarget.value)}
          required
          data-autofocus
        />
      )}
      <Select
        label={text.mode}
        data={MODES.map((value) => ({ value, label: text.modes[value] }))}
        value={mode}
        onChange={(value) => value && setMode(value as Mode)}
        allowDeselect={false}
      />
      <TextInput
        label={text.reason}
        description={text.reasonHint}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={500}
        required
      />
      <TextInput
        type="datetime-local"
        label={text.until}
        description={text.untilHint}
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      <Text size="sm">{text.everywhere}</Text>
    </FormDialog>
  );
}
