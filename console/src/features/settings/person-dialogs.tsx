/** Dialogs about one person: invitation, roles, reset, and the link that comes of two of them. */
import { Checkbox, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useEffect, useState } from "react";
import { client, type Schema } from "@/api/client";
import { FormDialog } from "@/kit/form-dialog";
import { Moment } from "@/kit/moments";
import { useRefresh } from "@/kit/refresh";
import { common } from "@/strings/common";
import { people as text } from "@/strings/settings";
import { badRole, RolesInput } from "./parts/roles-input";
import { SecretOnce } from "./parts/secret-once";

type Linked = Schema<"Linked">;

interface MakesLink {
  readonly onDone: (linked: Linked) => unknown;
  readonly onClose: () => void;
}

export function Invite({ onDone, onClose }: MakesLink) {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [roles, setRoles] = useState<string[]>(["viewer"]);
  async function send() {
    const body = { email: email.trim(), roles, ...(name.trim() ? { name: name.trim() } : {}) };
    const { data } = await client.POST("/api/v1/users", { body });
    if (data) await onDone(data);
  }
  return (
    <FormDialog
      title={text.invite}
      action={text.invite}
      disabled={!email.includes("@") || badRole(roles) !== undefined}
      onSubmit={send}
      onClose={onClose}
    >
      <Text size="sm">{text.inviteHint}</Text>
      <TextInput
        type="email"
        label={text.email}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        autoComplete="off"
        required
        data-autofocus
      />
      <TextInput
        label={text.name}
        description={text.nameHint}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        autoComplete="off"
      />
      <RolesInput label={text.roles} hint={text.rolesHint} roles={roles} onChange={setRoles} />
    </FormDialog>
  );
}

interface AboutPerson {
  readonly person: Schema<"Person">;
  readonly onClose: () => void;
}

export function EditRoles({ person, onClose }: AboutPerson) {
  const refresh = useRefresh("/api/v1/users");
  const [roles, setRoles] = useState<string[]>(person.roles);
  async function send() {
    const params = { path: { person_id: person.id } };
    await client.PUT("/api/v1/users/{person_id}/roles", { params, body: { roles } });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={text.editTitle(person.name)}
      action={common.save}
      disabled={badRole(roles) !== undefined}
      onSubmit={send}
      onClose={onClose}
    >
      <Text size="sm">{text.editHint}</Text>
      <RolesInput label={text.roles} hint={text.rolesHint} roles={roles} onChange={setRoles} />
    </FormDialog>
  );
}

export function Reset({ person, onDone, onClose }: AboutPerson & MakesLink) {
  const [isLost, setLost] = useState(false);
  async function send() {
    const { data } = await client.POST("/api/v1/users/{person_id}/reset", {
      params: { path: { person_id: person.id } },
      body: { second_factor: isLost },
    });
    if (data) await onDone(data);
  }
  return (
    <FormDialog
      title={text.resetTitle(person.name)}
      action={text.reset}
      color="red"
      onSubmit={send}
      onClose={onClose}
    >
      <Text size="sm">{text.resetWhat}</Text>
      {person.second_factor && (
        <Checkbox
          label={text.resetFactor}
          checked={isLost}
          onChange={(event) => setLost(event.currentTarget.checked)}
        />
      )}
    </FormDialog>
  );
}

/** The link to hand over; where it was mailed, only that it was. */
export function Handed({ linked, onClose }: { readonly linked: Linked; readonly onClose: () => void }) {
  const { link, person, expires_at } = linked;
  const isMailed = link === null;
  useEffect(() => {
    if (!isMailed) return;
    notifications.show({ message: text.sent(person.email ?? person.name), color: "green" });
    onClose();
  }, [isMailed, person, onClose]);
  if (link === null) return null;
  return (
    <SecretOnce title={text.linkTitle(person.name)} secret={link} onClose={onClose}>
      {text.linkHint} <Moment at={expires_at} />
    </SecretOnce>
  );
}
