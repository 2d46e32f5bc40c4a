/** How long finished runs are kept, and what applying the rules would remove now. */
import { Button, NumberInput, Select, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { ActButton } from "@/kit/act-button";
import { Sure } from "@/kit/confirm";
import { FormDialog } from "@/kit/form-dialog";
import { type Column, Listing, RowActions } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { optionsOf } from "@/kit/options";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { Loaded, Nothing } from "@/kit/states";
import { common } from "@/strings/common";
import { dialogs } from "@/strings/dialogs";
import { retention as text } from "@/strings/installation";
import { names } from "@/strings/names";

type Rule = Schema<"Rule">;
type Keep = Schema<"Keep">;
type Estimate = Schema<"Estimate">;
type Asked = { readonly what: "edit" | "remove"; readonly rule?: Rule };

const PATH = "/api/v1/retention";
const ONE = "/api/v1/retention/{workflow}";

export default function RetentionScreen() {
  const query = $api.useQuery("get", PATH);
  const mayManage = useCan()("retention:manage");
  const [asked, setAsked] = useState<Asked>();
  const [isApplying, setApplying] = useState(false);
  const close = () => setAsked(undefined);
  const actions: Column<Rule> = {
    header: dialogs.actions,
    cell: (rule) => (
      <RowActions>
        <ActButton label={text.edit} about={rule.workflow} onAct={() => setAsked({ what: "edit", rule })} />
        <ActButton
          label={text.remove}
          about={rule.workflow}
          color="red"
          onAct={() => setAsked({ what: "remove", rule })}
        />
      </RowActions>
    ),
  };
  return (
    <Page
      title={names.retention}
      summary={text.summary}
      actions={
        mayManage && (
          <>
            <Button variant="default" onClick={() => setApplying(true)}>
              {text.apply}
            </Button>
            <Button onClick={() => setAsked({ what: "edit" })}>{text.add}</Button>
          </>
        )
      }
    >
      <Loaded query={query}>
        {({ items }) => (
          <Listing
            label={names.retention}
            columns={mayManage ? [...COLUMNS, actions] : COLUMNS}
            rows={items}
            keyOf={({ workflow }) => workflow}
            empty={<Nothing title={text.none} hint={text.noneHint} />}
          />
        )}
      </Loaded>
      {asked?.what === "edit" && <EditRule {...(asked.rule ? { rule: asked.rule } : {})} onClose={close} />}
      {asked?.what === "remove" && asked.rule && <Remove workflow={asked.rule.workflow} onClose={close} />}
      {isApplying && <Apply onClose={() => setApplying(false)} />}
    </Page>
  );
}

function EditRule({ rule, onClose }: { readonly rule?: Rule; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  const [workflow, setWorkflow] = useState(rule?.workflow ?? "*");
  const [days, setDays] = useState<number | string>(rule?.days ?? 365);
  const [keep, setKeep] = useState<Keep>(rule?.keep ?? "nothing");
  async function send() {
    const body = { days: Number(days), keep };
    await client.PUT(ONE, { params: { path: { workflow: workflow.trim() } }, body });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={rule ? text.editTitle(rule.workflow) : text.add}
      action={common.save}
      disabled={workflow.trim() === "" || days === ""}
      onSubmit={send}
      onClose={onClose}
    >
      {!rule && (
        <TextInput
          label={text.workflow}
          description={text.workflowHint}
          value={workflow}
          onChange={(event) => setWorkflow(event.currentTarget.value)}
          required
          data-autofocus
        />
      )}
      <NumberInput
        label={text.days}
        value={days}
        onChange={setDays}
        min={1}
        max={36_500}
        allowDecimal={false}
        required
      />
      <Select
        label={text.keep}
        data={optionsOf(text.keeps)}
        value={keep}
        onChange={(value) => value && setKeep(value as Keep)}
        allowDeselect={false}
      />
    </FormDialog>
  );
}

function Remove({ workflow, onClose }: { readonly workflow: string; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  async function remove() {
    await client.DELETE(ONE, { params: { path: { workflow } } });
    await refresh();
  }
  return (
    <Sure
      title={text.removeTitle(workflow)}
      what={text.removeWhat}
      action={text.remove}
      onSure={remove}
      onClose={onClose}
    />
  );
}

const ESTIMATES: Column<Estimate>[] = [
  { header: text.workflow, cell: ({ workflow }) => workflow },
  { header: text.estimate, cell: ({ runs, entries }) => text.removedText(runs, entries) },
  { header: text.keep, cell: ({ keep }) => text.keeps[keep] },
  { header: text.oldest, cell: ({ oldest_at }) => <Moment at={oldest_at} /> },
];

function Apply({ onClose }: { readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  const query = $api.useQuery("get", "/api/v1/retention/estimate", {}, { staleTime: 0, gcTime: 0 });
  async function send() {
    await client.POST("/api/v1/retention/apply");
    notifications.show({ message: text.applied, color: "green" });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={text.applyTitle}
      action={text.applyAction}
      color="red"
      disabled={!query.data?.items.some(({ runs, entries }) => runs + entries > 0)}
      wide
      onSubmit={send}
      onClose={onClose}
    >
      <Text size="sm">{text.applyWhat}</Text>
      <Loaded query={query}>
        {({ items }) => (
          <Listing
            label={text.estimate}
            columns={ESTIMATES}
            rows={items.filter(({ runs, entries }) => runs + entries > 0)}
            keyOf={({ workflow }) => workflow}
            empty={<Text size="sm">{text.nothing}</Text>}
          />
        )}
      </Loaded>
    </FormDialog>
  );
}

const COLUMNS: Column<Rule>[] = [
  { header: text.workflow, cell: ({ workflow }) => (workflow === "*" ? `* (${text.all})` : workflow) },
  { header: text.days, cell: ({ days }) => text.daysText(days) },
  { header: text.keep, cell: ({ keep }) => text.keeps[keep] },
  { header: text.removed, cell: ({ runs, entries }) => text.removedText(runs, entries) },
  { header: text.next, cell: ({ next_at }) => <Moment at={next_at} /> },
];
