/** Adds a target of notifications. */
import { Checkbox, MultiSelect, PasswordInput, Select, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { FormDialog } from "@/kit/form-dialog";
import { optionsOf } from "@/kit/options";
import { notifying as text } from "@/strings/installation";

type Channel = Schema<"Channel">;
type Event = Schema<"Event">;

const EVENTS: readonly Event[] = [
  "question.opened",
  "question.expiring",
  "approval.opened",
  "approval.escalated",
  "approval.expiring",
  "budget.alert",
  "switch.killed",
  "experiment.arm_stopped",
];

interface NewTargetProps {
  readonly onDone: (made: Schema<"TargetMade">) => unknown;
  readonly onClose: () => void;
}

export function NewTarget({ onDone, onClose }: NewTargetProps) {
  const [name, setName] = useState("");
  const [channel, setChannel] = useState<Channel>("webhook");
  const [url, setUrl] = useState("");
  const [events, setEvents] = useState<string[]>([]);
  const [roles, setRoles] = useState<string[]>([]);
  const [addressee, setAddressee] = useState<string | null>(null);
  const [hasLinks, setLinks] = useState(false);
  async function send() {
    const { data } = await client.POST("/api/v1/notifications/targets", {
      body: {
        ...{ name: name.trim(), channel, url: url.trim(), roles },
        ...{ events: events as Event[], addressee, links: hasLinks && addressee !== null },
      },
    });
    if (data) await onDone(data);
  }
  return (
    <FormDialog
      title={text.add}
      action={text.add}
      disabled={name.trim() === "" || url.trim() === ""}
      wide
      onSubmit={send}
      onClose={onClose}
    >
      <TextInput
        label={text.name}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={100}
        required
        data-autofocus
      />
      <Select
        label={text.channel}
        data={optionsOf(text.channels)}
        value={channel}
        onChange={(value) => value && setChannel(value as Channel)}
        allowDeselect={false}
      />
      <PasswordInput
        label={text.address}
        description={text.addressHint}
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
        autoComplete="off"
        required
      />
      <MultiSelect
        label={text.events}
        description={text.eventsHint}
        data={[...EVENTS]}
        value={events}
        onChange={setEvents}
      />
      <TagsInput
        label={text.roles}
        description={text.rolesHint}
        value={roles}
        onChange={setRoles}
        acceptValueOnBlur
      />
      <PersonSelect value={addressee} onChange={setAddressee} />
      <Checkbox
        label={text.links}
        description={text.linksHint}
        checked={hasLinks && addressee !== null}
        disabled={addressee === null}
        onChange={(event) => setLinks(event.currentTarget.checked)}
      />
    </FormDialog>
  );
}

interface PersonSelectProps {
  readonly value: string | null;
  readonly onChange: (principal: string | null) => void;
}

function PersonSelect({ value, onChange }: PersonSelectProps) {
  const { data } = $api.useQuery("get", "/api/v1/users", { params: { query: { limit: 200 } } });
  return (
    <Select
      label={text.addressee}
      description={text.addresseeHint}
      placeholder={text.nobody}
      data={(data?.items ?? []).map(({ id, name }) => ({ value: `person:${id}`, label: name }))}
      value={value}
      onChange={onChange}
      searchable
      clearable
    />
  );
}
