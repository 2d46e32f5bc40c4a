/** Engagements: projects within the tenant. */
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { ActButton } from "@/kit/act-button";
import { Sure } from "@/kit/confirm";
import { FormDialog } from "@/kit/form-dialog";
import { type Column, PAGES, PagedListing, RowActions } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { StateBadge } from "@/kit/state-badge";
import { Nothing } from "@/kit/states";
import { common } from "@/strings/common";
import { dialogs } from "@/strings/dialogs";
import { names } from "@/strings/names";
import { engagements as text } from "@/strings/settings";

type Engagement = Schema<"Engagement">;
type Asked = { readonly what: "name" | "close" | "delete"; readonly engagement: Engagement };

const PATH = "/api/v1/engagements";
const ONE = "/api/v1/engagements/{engagement_id}";

export default function EngagementsScreen() {
  const query = $api.useInfiniteQuery("get", PATH, {}, PAGES);
  const mayManage = useCan()("engagements:manage");
  const [isMaking, setMaking] = useState(false);
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const actions: Column<Engagement> = {
    header: dialogs.actions,
    cell: (engagement) => <Actions engagement={engagement} ask={setAsked} />,
  };
  return (
    <Page
      title={names.engagements}
      summary={text.summary}
      actions={mayManage && <Button onClick={() => setMaking(true)}>{text.create}</Button>}
    >
      <PagedListing
        query={query}
        label={names.engagements}
        columns={mayManage ? [...COLUMNS, actions] : COLUMNS}
        keyOf={({ id }) => id}
        empty={<Nothing title={text.none} hint={text.noneHint} />}
      />
      {isMaking && <Named onClose={() => setMaking(false)} />}
      {asked?.what === "name" && <Named engagement={asked.engagement} onClose={close} />}
      {asked && asked.what !== "name" && <Ended asked={asked} onClose={close} />}
    </Page>
  );
}

function Named({ engagement, onClose }: { readonly engagement?: Engagement; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  const [name, setName] = useState(engagement?.name ?? "");
  async function send() {
    const body = { name: name.trim() };
    if (engagement) await client.PATCH(ONE, { params: { path: { engagement_id: engagement.id } }, body });
    else await client.POST(PATH, { body });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={engagement ? text.renameTitle(engagement.name) : text.create}
      action={engagement ? common.save : text.create}
      disabled={name.trim() === ""}
      onSubmit={send}
      onClose={onClose}
    >
      <TextInput
        label={text.name}
        description={text.nameHint}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={100}
        required
        data-autofocus
      />
    </FormDialog>
  );
}

function Ended({ asked, onClose }: { readonly asked: Asked; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  const { name, id } = asked.engagement;
  const isClosing = asked.what === "close";
  async function end() {
    const params = { path: { engagement_id: id } };
    if (isClosing) await client.POST(`${ONE}/close`, { params });
    else await client.DELETE(ONE, { params });
    await refresh();
  }
  return (
    <Sure
      title={isClosing ? text.closeTitle(name) : text.deleteTitle(name)}
      what={isClosing ? text.closeWhat : text.deleteWhat}
      action={isClosing ? text.close : text.delete}
      onSure={end}
      onClose={onClose}
    />
  );
}

function Actions({
  engagement,
  ask,
}: {
  readonly engagement: Engagement;
  readonly ask: (asked: Asked) => void;
}) {
  const refresh = useRefresh(PATH);
  const { name } = engagement;
  async function reopen() {
    await client.POST(`${ONE}/reopen`, { params: { path: { engagement_id: engagement.id } } });
    await refresh();
  }
  return (
    <RowActions>
      <ActButton label={text.rename} about={name} onAct={() => ask({ what: "name", engagement })} />
      {engagement.closed_at ? (
        <ActButton label={text.reopen} about={name} onAct={reopen} />
      ) : (
        <ActButton label={text.close} about={name} onAct={() => ask({ what: "close", engagement })} />
      )}
      <ActButton
        label={text.delete}
        about={name}
        color="red"
        onAct={() => ask({ what: "delete", engagement })}
      />
    </RowActions>
  );
}

const COLUMNS: Column<Engagement>[] = [
  { header: text.name, cell: ({ name }) => name },
  {
    header: text.state,
    cell: ({ closed_at }) => (
      <StateBadge
        state={closed_at ? "closed" : "open"}
        label={closed_at ? text.closed : text.open}
        color={closed_at ? "gray" : "green"}
      />
    ),
  },
  { header: text.created, cell: ({ created_at }) => <Moment at={created_at} /> },
];
