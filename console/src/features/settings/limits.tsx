/** Limits of runs: how many execute at once, and how many start in a time. */
import { Button, Group, NumberInput, Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, client } from "@/api/client";
import { useCan } from "@/app/session";
import { ActButton } from "@/kit/act-button";
import { Sure } from "@/kit/confirm";
import { FormDialog } from "@/kit/form-dialog";
import { type Limit, LimitsTable, whose } from "@/kit/limits-table";
import { RowActions } from "@/kit/listing";
import { optionsOf } from "@/kit/options";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { Section } from "@/kit/section";
import { Loaded, Nothing } from "@/kit/states";
import { common } from "@/strings/common";
import { dialogs } from "@/strings/dialogs";
import { runLimits as text } from "@/strings/installation";
import { limits as words } from "@/strings/limits";
import { names } from "@/strings/names";

type Scope = Limit["scope"];
type Asked = { readonly what: "edit" | "remove"; readonly limit?: Limit };

const PATH = "/api/v1/limits";

export default function LimitsScreen() {
  const query = $api.useQuery("get", PATH);
  const mayOperate = useCan()("installation:operate");
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const actions = {
    header: dialogs.actions,
    cell: (limit: Limit) => (
      <RowActions>
        <ActButton label={text.edit} about={whose(limit)} onAct={() => setAsked({ what: "edit", limit })} />
        <ActButton
          label={text.remove}
          about={whose(limit)}
          color="red"
          onAct={() => setAsked({ what: "remove", limit })}
        />
      </RowActions>
    ),
  };
  return (
    <Page
      title={names.limits}
      summary={text.summary}
      actions={mayOperate && <Button onClick={() => setAsked({ what: "edit" })}>{text.add}</Button>}
    >
      <Section title={words.label}>
        <Loaded query={query}>
          {({ items }) => (
            <LimitsTable
              limits={items}
              empty={<Nothing title={text.none} hint={text.noneHint} />}
              {...(mayOperate ? { actions } : {})}
            />
          )}
        </Loaded>
      </Section>
      <Section title={text.requests}>
        <Text size="sm">{text.requestsHint}</Text>
      </Section>
      {asked?.what === "edit" && (
        <EditLimit {...(asked.limit ? { limit: asked.limit } : {})} onClose={close} />
      )}
      {asked?.what === "remove" && asked.limit && <Remove limit={asked.limit} onClose={close} />}
    </Page>
  );
}

function Remove({ limit, onClose }: { readonly limit: Limit; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  async function remove() {
    const { scope, tenant, workflow = "*" } = limit;
    await client.DELETE(PATH, { params: { query: { scope, tenant: tenant ?? null, workflow } } });
    await refresh();
  }
  return (
    <Sure
      title={text.removeTitle}
      what={text.removeWhat(whose(limit))}
      action={text.remove}
      onSure={remove}
      onClose={onClose}
    />
  );
}

type Amount = number | string;
const amountOf = (said: Amount) => (said === "" ? null : Number(said));

function EditLimit({ limit, onClose }: { readonly limit?: Limit; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  const [scope, setScope] = useState<Scope>(limit?.scope ?? "each_tenant");
  const [tenant, setTenant] = useState(limit?.tenant ?? "");
  const [workflow, setWorkflow] = useState(limit?.workflow ?? "*");
  const [concurrency, setConcurrency] = useState<Amount>(limit?.concurrency ?? "");
  const [rate, setRate] = useState<Amount>(limit?.rate ?? "");
  const [per, setPer] = useState<Amount>(limit?.per_seconds ?? 60);
  async function send() {
    const body: Limit = {
      scope,
      tenant: scope === "tenant" ? tenant.trim() : null,
      workflow: workflow.trim(),
      concurrency: amountOf(concurrency),
      rate: amountOf(rate),
      per_seconds: Number(per) || 1,
    };
    await client.PUT(PATH, { body });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={limit ? text.editTitle : text.addTitle}
      action={common.save}
      disabled={(concurrency === "" && rate === "") || (scope === "tenant" && tenant.trim() === "")}
      onSubmit={send}
      onClose={onClose}
    >
      {!limit && (
        <>
          <Select
            label={text.scope}
            data={optionsOf(text.scopes)}
            value={scope}
            onChange={(value) => value && setScope(value as Scope)}
            allowDeselect={false}
          />
          {scope === "tenant" && (
            <TextInput
              label={text.tenant}
              value={tenant}
              onChange={(event) => setTenant(event.currentTarget.value)}
              required
            />
          )}
          <TextInput
            label={text.workflow}
            description={text.workflowHint}
            value={workflow}
            onChange={(event) => setWorkflow(event.currentTarget.value)}
          />
        </>
      )}
      {limit && <Text size="sm">{whose(limit)}</Text>}
      <NumberInput
        label={text.concurrency}
        description={text.concurrencyHint}
        value={concurrency}
        onChange={setConcurrency}
        min={0}
        max={1_000_000}
        allowDecimal={false}
      />
      <Group grow align="flex-start">
        <NumberInput
          label={text.rate}
          description={text.rateHint}
          value={rate}
          onChange={setRate}
          min={1}
          allowDecimal={false}
        />
        <NumberInput
          label={text.per}
          value={per}
          onChange={setPer}
          min={1}
          max={86_400}
          allowDecimal={false}
        />
      </Group>
    </FormDialog>
  );
}
