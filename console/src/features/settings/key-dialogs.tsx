/** Dialogs about keys: a new one, a new secret, and which models one may use. */
import { MultiSelect, NumberInput, Select, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useMe } from "@/app/session";
import { FormDialog } from "@/kit/form-dialog";
import { momentOf } from "@/kit/local-moment";
import { useRefresh } from "@/kit/refresh";
import { common } from "@/strings/common";
import { keys as text } from "@/strings/settings";
import { badRole, RolesInput } from "./parts/roles-input";
import { Rotate } from "./parts/rotate";

type Key = Schema<"Key">;
type Made = Schema<"KeyMade">;
type NewKeyBody = Schema<"NewKey">;

interface MakesSecret {
  readonly onDone: (made: Made) => unknown;
  readonly onClose: () => void;
}

export function NewKey({ onDone, onClose }: MakesSecret) {
  const [name, setName] = useState("");
  const [roles, setRoles] = useState<string[]>(["operator"]);
  const [permissions, setPermissions] = useState<string[]>([]);
  const [expires, setExpires] = useState("");
  const [models, setModels] = useState<string[]>([]);
  const [rate, setRate] = useState<number | string>("");
  const [engagement, setEngagement] = useState<string | null>(null);
  const allowed = useMe()?.permissions ?? [];
  async function send() {
    const body: NewKeyBody = {
      name: name.trim(),
      roles,
      permissions: permissions.length > 0 ? (permissions as NonNullable<NewKeyBody["permissions"]>) : null,
      models: models.length > 0 ? models : null,
      expires_at: momentOf(expires),
      rate: rate === "" ? null : Number(rate),
      engagement,
    };
    const { data } = await client.POST("/api/v1/keys", { body });
    if (data) await onDone(data);
  }
  return (
    <FormDialog
      title={text.create}
      action={text.create}
      disabled={name.trim() === "" || badRole(roles) !== undefined}
      wide
      onSubmit={send}
      onClose={onClose}
    >
      <TextInput
        label={text.name}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={100}
        autoComplete="off"
        required
        data-autofocus
      />
      <RolesInput label={text.roles} hint={text.rolesHint} roles={roles} onChange={setRoles} />
      <MultiSelect
        label={text.permissions}
        description={text.permissionsHint}
        data={[...allowed]}
        value={permissions}
        onChange={setPermissions}
        searchable
      />
      <TextInput
        type="datetime-local"
        label={text.expiresAt}
        description={text.expiresHint}
        value={expires}
        onChange={(event) => setExpires(event.currentTarget.value)}
      />
      <ModelsInput models={models} onChange={setModels} />
      <NumberInput
        label={text.rateLabel}
        description={text.rateHint}
        value={rate}
        onChange={setRate}
        min={1}
        max={1_000_000}
        allowDecimal={false}
      />
      <EngagementSelect value={engagement} onChange={setEngagement} />
    </FormDialog>
  );
}

function ModelsInput({ models, onChange }: { models: string[]; onChange: (models: string[]) => void }) {
  return (
    <TagsInput
      label={text.modelsLabel}
      description={text.modelsHint}
      value={models}
      onChange={onChange}
      acceptValueOnBlur
    />
  );
}

interface EngagementSelectProps {
  readonly value: string | null;
  readonly onChange: (id: string | null) => void;
}

function EngagementSelect({ value, onChange }: EngagementSelectProps) {
  const query = { limit: 200, closed: false };
  const { data } = $api.useQuery("get", "/api/v1/engagements", { params: { query } });
  return (
    <Select
      label={text.engagement}
      description={text.engagementHint}
      data={(data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
      value={value}
      onChange={onChange}
      searchable
      clearable
    />
  );
}

interface AboutKey {
  readonly apiKey: Key;
  readonly onClose: () => void;
}

export function RotateKey({ apiKey, onDone, onClose }: AboutKey & MakesSecret) {
  async function rotate(overlap: number) {
    const params = { path: { key_id: apiKey.id } };
    const { data } = await client.POST("/api/v1/keys/{key_id}/rotate", { params, body: { overlap } });
    if (data) await onDone(data);
  }
  return (
    <Rotate
      title={text.rotateTitle(apiKey.name)}
      what={text.rotateWhat}
      action={text.rotate}
      overlap={text.overlap}
      onRotate={rotate}
      onClose={onClose}
    />
  );
}

export function KeyModels({ apiKey, onClose }: AboutKey) {
  const refresh = useRefresh("/api/v1/keys");
  const [models, setModels] = useState<string[]>(apiKey.models ?? []);
  async function send() {
    const params = { path: { key_id: apiKey.id } };
    const body = { models: models.length > 0 ? models : null };
    await client.PUT("/api/v1/keys/{key_id}/models", { params, body });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={text.setModelsTitle(apiKey.name)}
      action={common.save}
      onSubmit={send}
      onClose={onClose}
    >
      <ModelsInput models={models} onChange={setModels} />
    </FormDialog>
  );
}
