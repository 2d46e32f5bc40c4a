/** Links by which customers come to chat: who was given one, what became of it, and a new one. */
import { Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { SecretOnce } from "@/features/settings/parts/secret-once";
import { ActButton } from "@/kit/act-button";
import { Sure } from "@/kit/confirm";
import { type Column, PAGES, PagedListing, RowActions } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { StateBadge } from "@/kit/state-badge";
import { Nothing } from "@/kit/states";
import { chats as text } from "@/strings/chats";
import { dialogs } from "@/strings/dialogs";
import { names } from "@/strings/names";
import { NewLink } from "./new-link";

type Link = Schema<"ChatLinkShown">;
type Made = Schema<"ChatLink"> & { readonly email: string };

const PATH = "/api/v1/chats/links";
const COLOURS = { open: "green", used: "blue", expired: "gray" } as const;
/** Milliseconds after which it is looked whether links were used. */
const EVERY = 10_000;

export default function ChatsScreen() {
  const query = $api.useInfiniteQuery("get", PATH, {}, { ...PAGES, refetchInterval: EVERY });
  const refresh = useRefresh(PATH);
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<Made>();
  const [revoked, setRevoked] = useState<Link>();
  return (
    <Page
      title={names.chats}
      summary={text.summary}
      actions={<Button onClick={() => setMaking(true)}>{text.create}</Button>}
    >
      <PagedListing
        query={query}
        label={names.chats}
        columns={[...COLUMNS, { header: dialogs.actions, cell: (link) => actionsOf(link, setRevoked) }]}
        keyOf={({ id }) => id}
        empty={<Nothing title={text.none} hint={text.noneHint} />}
      />
      {isMaking && (
        <NewLink
          onDone={async (link, email) => {
            setMaking(false);
            setMade({ ...link, email });
            await refresh();
          }}
          onClose={() => setMaking(false)}
        />
      )}
      {revoked && <Revoke link={revoked} onClose={() => setRevoked(undefined)} />}
      {made && (
        <SecretOnce title={text.linkTitle(made.email)} secret={made.url} onClose={() => setMade(undefined)}>
          {text.linkHint} <Moment at={made.expires_at} />
        </SecretOnce>
      )}
    </Page>
  );
}

/** What ended by itself needs no end; what was used may still be open in a browser. */
function actionsOf(link: Link, ask: (link: Link) => void) {
  if (link.state === "expired") return null;
  return (
    <RowActions>
      <ActButton label={text.revoke} about={customerOf(link)} color="red" onAct={() => ask(link)} />
    </RowActions>
  );
}

function Revoke({ link, onClose }: { readonly link: Link; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  async function revoke() {
    await client.DELETE("/api/v1/chats/links/{link_id}", { params: { path: { link_id: link.id } } });
    await refresh();
  }
  return (
    <Sure
      title={text.revokeTitle(customerOf(link))}
      what={text.revokeWhat}
      action={text.revoke}
      onSure={revoke}
      onClose={onClose}
    />
  );
}

function customerOf({ email }: Link): string {
  return email ?? text.noCustomer;
}

const COLUMNS: Column<Link>[] = [
  {
    header: text.customer,
    cell: (link) => (
      <Stack gap={0}>
        <Text size="sm">{customerOf(link)}</Text>
        {link.name && (
          <Text size="xs" c="dimmed">
            {link.name}
          </Text>
        )}
      </Stack>
    ),
  },
  { header: text.workflow, cell: ({ workflow }) => <span className="mono">{workflow}</span> },
  {
    header: text.state,
    cell: ({ state, used_at }) => (
      <Stack gap={2} align="flex-start">
        <StateBadge state={state} label={text.states[state]} color={COLOURS[state]} />
        {used_at && (
          <Text size="xs" c="dimmed" component="div">
            {text.usedAt} <Moment at={used_at} />
          </Text>
        )}
      </Stack>
    ),
  },
  { header: text.until, cell: ({ expires_at }) => <Moment at={expires_at} /> },
  {
    header: text.made,
    cell: ({ made_at, made_by }) => (
      <Stack gap={0}>
        <Moment at={made_at} />
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {text.by(made_by)}
        </Text>
      </Stack>
    ),
  },
];
