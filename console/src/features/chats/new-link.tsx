/** Makes a link for a customer, which is shown once. */
import { Alert, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { FormDialog } from "@/kit/form-dialog";
import { chats as text } from "@/strings/chats";
import { isAddress, talkative } from "./taking";

interface NewLinkProps {
  readonly onDone: (link: Schema<"ChatLink">, email: string) => unknown;
  readonly onClose: () => void;
}

export function NewLink({ onDone, onClose }: NewLinkProps) {
  const workflows = $api.useQuery("get", "/api/v1/workflows");
  const names = talkative(workflows.data?.items ?? []);
  const [chosen, setChosen] = useState<string | null>(null);
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [minutes, setMinutes] = useState("15");
  const [isLeft, setLeft] = useState(false);
  const workflow = chosen ?? names[0] ?? null;
  async function send() {
    if (workflow === null) return;
    const body = { workflow, email: email.trim(), name: name.trim(), minutes: Number(minutes) };
    const { data } = await client.POST("/api/v1/chats/links", { body });
    if (data) await onDone(data, body.email);
  }
  return (
    <FormDialog
      title={text.create}
      action={text.create}
      disabled={workflow === null || !isAddress(email)}
      onSubmit={send}
      onClose={onClose}
    >
      {workflows.isSuccess && names.length === 0 && <Alert color="amber">{text.noWorkflow}</Alert>}
      <TextInput
        type="email"
        label={text.email}
        description={text.emailHint}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        onBlur={() => setLeft(true)}
        error={isLeft && email !== "" && !isAddress(email) && text.badEmail}
        maxLength={254}
        autoComplete="off"
        required
        data-autofocus
      />
      <TextInput
        label={text.name}
        description={text.nameHint}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={100}
        autoComplete="off"
      />
      <Select
        label={text.workflow}
        description={text.workflowHint}
        data={names}
        value={workflow}
        onChange={setChosen}
        allowDeselect={false}
      />
      <Select
        label={text.minutes}
        data={text.lengths.map(([value, label]) => ({ value, label }))}
        value={minutes}
        onChange={(value) => value && setMinutes(value)}
        allowDeselect={false}
      />
    </FormDialog>
  );
}
