/** Sets a flag: on or off, for whom, and for what share. */
import { Button, Select, Stack, Switch, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useMe } from "@/app/session";
import { useRefresh } from "@/kit/refresh";
import { Failure } from "@/kit/states";
import { switches as text } from "@/strings/switches";
import { HOME } from "./use-names";

interface FlagFormProps {
  readonly known: Schema<"Flag"> | undefined;
  readonly done: () => void;
}

export function FlagForm({ known, done }: FlagFormProps) {
  const own = useMe()?.tenant_id ?? "";
  const [name, setName] = useState(known?.name ?? "");
  const [enabled, setEnabled] = useState(known?.enabled ?? true);
  const [share, setShare] = useState(known?.percentage?.toString() ?? "");
  const [tenant, setTenant] = useState(known?.tenant ?? own);
  const [why, setWhy] = useState(known?.why ?? "");
  const refresh = useRefresh("/api/v1/flags");
  const setting = $api.useMutation("put", "/api/v1/flags", {
    onSuccess: () => {
      notifications.show({ message: text.flagSet, color: "green" });
      void refresh();
      done();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const whom = tenant === own ? {} : { tenant };
    const percentage = share.trim() === "" ? null : share.trim();
    setting.mutate({ body: { name: name.trim(), enabled, percentage, why: why.trim(), ...whom } });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label={text.flagName}
          description={text.flagNameHint}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          readOnly={known !== undefined}
          required
          data-autofocus
        />
        <Switch
          label={text.enabled}
          checked={enabled}
          onChange={(event) => setEnabled(event.currentTarget.checked)}
        />
        <TextInput
          label={text.share}
          description={text.shareHint}
          inputMode="decimal"
          value={share}
          onChange={(event) => setShare(event.currentTarget.value)}
        />
        {own === HOME && known === undefined && (
          <Select
            label={text.tenant}
            data={[
              { value: own, label: text.ownTenant(own) },
              { value: "*", label: text.everyTenant },
            ]}
            value={tenant}
            onChange={(whom) => whom && setTenant(whom)}
            allowDeselect={false}
          />
        )}
        <TextInput label={text.why} value={why} onChange={(event) => setWhy(event.currentTarget.value)} />
        {setting.error && <Failure error={setting.error} />}
        <Button
          type="submit"
          w="fit-content"
          loading={setting.isPending}
          disabled={name.trim() === ""}
          data-testid="save-flag"
        >
          {text.save}
        </Button>
      </Stack>
    </form>
  );
}
