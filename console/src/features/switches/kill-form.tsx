/** Throws a kill switch: what, why and for how long; then its name is typed once more. */
import { Autocomplete, Button, Select, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { client } from "@/api/client";
import { useMe } from "@/app/session";
import { TypedWord } from "@/kit/confirm";
import { optionsOf } from "@/kit/options";
import { useRefresh } from "@/kit/refresh";
import { switches as text } from "@/strings/switches";
import { isNamed, isWhole, type Kind, NOTHING, newKill, type Wanted, whatText, wordOf } from "./killing";
import { HOME, LIST, useNames } from "./use-names";

export function KillForm({ done }: { readonly done: () => void }) {
  const [wanted, setWanted] = useState(NOTHING);
  const [asks, setAsks] = useState(false);
  const tenant = useMe()?.tenant_id ?? "";
  const refresh = useRefresh(LIST);
  async function kill() {
    await client.POST("/api/v1/switches/kill", { body: newKill(wanted, Date.now()) });
    notifications.show({ message: text.kill_done, color: "red" });
    void refresh();
    done();
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsks(true);
  };
  if (asks)
    return (
      <TypedWord
        what={text.confirmWhat(whatText(wanted), text.stops[wanted.kind])}
        word={wordOf(wanted, tenant)}
        danger={text.confirm}
        onConfirm={kill}
        onClose={() => setAsks(false)}
      />
    );
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <What wanted={wanted} tenant={tenant} change={(changed) => setWanted({ ...wanted, ...changed })} />
        <TextInput
          label={text.why}
          description={text.whyHint}
          value={wanted.why}
          onChange={(event) => setWanted({ ...wanted, why: event.currentTarget.value })}
          maxLength={500}
          required
        />
        <Select
          label={text.until}
          data={optionsOf(text.untils)}
          value={wanted.until}
          onChange={(until) => until && setWanted({ ...wanted, until: until as Wanted["until"] })}
          allowDeselect={false}
        />
        <Button type="submit" color="red" w="fit-content" disabled={!isWhole(wanted)} data-testid="kill-next">
          {text.goOn}
        </Button>
      </Stack>
    </form>
  );
}

interface WhatProps {
  readonly wanted: Wanted;
  readonly tenant: string;
  readonly change: (changed: Partial<Wanted>) => void;
}

function What({ wanted, tenant, change }: WhatProps) {
  const names = useNames(wanted.kind);
  const home = tenant === HOME;
  const kinds = optionsOf(text.kinds).filter(({ value }) => home || value !== "everything");
  return (
    <>
      <Select
        label={text.what}
        data={kinds}
        value={wanted.kind}
        onChange={(kind) => kind && change({ kind: kind as Kind, name: "" })}
        allowDeselect={false}
        data-autofocus
      />
      {isNamed(wanted.kind) && (
        <Autocomplete
          label={text.name[wanted.kind]}
          data={names}
          value={wanted.name}
          onChange={(name) => change({ name })}
          required
          data-testid="kill-name"
        />
      )}
      {isNamed(wanted.kind) && home && (
        <Select
          label={text.tenant}
          data={[
            { value: "own", label: text.ownTenant(tenant) },
            { value: "*", label: text.everyTenant },
          ]}
          value={wanted.tenant ?? "own"}
          onChange={(whom) => change({ tenant: whom === "*" ? "*" : null })}
          allowDeselect={false}
        />
      )}
      <Text size="sm" c="dimmed">
        {text.stops[wanted.kind]}
      </Text>
    </>
  );
}
