/** Keys: the credentials of programs. A secret is shown once, when it is made. */
import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { ActButton } from "@/kit/act-button";
import { Sure } from "@/kit/confirm";
import { type Column, PAGES, PagedListing, RowActions } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { StateBadge } from "@/kit/state-badge";
import { Nothing } from "@/kit/states";
import { dialogs } from "@/strings/dialogs";
import { names } from "@/strings/names";
import { keys as text } from "@/strings/settings";
import { KeyModels, NewKey, RotateKey } from "./key-dialogs";
import { SecretOnce } from "./parts/secret-once";

type Key = Schema<"Key">;
type Made = Schema<"KeyMade">;
type Asked = { readonly what: "rotate" | "revoke" | "models"; readonly key: Key };

const PATH = "/api/v1/keys";
const COLOURS = { active: "green", expired: "gray", revoked: "red" } as const;

export default function KeysScreen() {
  const query = $api.useInfiniteQuery("get", PATH, {}, PAGES);
  const refresh = useRefresh(PATH);
  const [isMaking, setMaking] = useState(false);
  const [asked, setAsked] = useState<Asked>();
  const [made, setMade] = useState<Made>();
  const close = () => setAsked(undefined);
  async function show(answer: Made) {
    setMaking(false);
    close();
    setMade(answer);
    await refresh();
  }
  return (
    <Page
      title={names.keys}
      summary={text.summary}
      actions={<Button onClick={() => setMaking(true)}>{text.create}</Button>}
    >
      <PagedListing
        query={query}
        label={names.keys}
        columns={[
          ...COLUMNS,
          { header: dialogs.actions, cell: (key) => <Actions apiKey={key} ask={setAsked} /> },
        ]}
        keyOf={({ id }) => id}
        empty={<Nothing title={text.none} hint={text.noneHint} />}
      />
      {isMaking && <NewKey onDone={show} onClose={() => setMaking(false)} />}
      {asked?.what === "rotate" && <RotateKey apiKey={asked.key} onDone={show} onClose={close} />}
      {asked?.what === "models" && <KeyModels apiKey={asked.key} onClose={close} />}
      {asked?.what === "revoke" && <Revoke apiKey={asked.key} onClose={close} />}
      {made && (
        <SecretOnce
          title={text.secretTitle(made.key.name)}
          secret={made.secret}
          onClose={() => setMade(undefined)}
        >
          {text.secretHint}
        </SecretOnce>
      )}
    </Page>
  );
}

function Revoke({ apiKey, onClose }: { readonly apiKey: Key; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  async function revoke() {
    await client.POST("/api/v1/keys/{key_id}/revoke", { params: { path: { key_id: apiKey.id } } });
    await refresh();
  }
  return (
    <Sure
      title={text.revokeTitle(apiKey.name)}
      what={text.revokeWhat}
      action={text.revoke}
      onSure={revoke}
      onClose={onClose}
    />
  );
}

function Actions({ apiKey, ask }: { readonly apiKey: Key; readonly ask: (asked: Asked) => void }) {
  if (apiKey.state === "revoked") return null;
  const { name } = apiKey;
  return (
    <RowActions>
      <ActButton label={text.rotate} about={name} onAct={() => ask({ what: "rotate", key: apiKey })} />
      <ActButton label={text.setModels} about={name} onAct={() => ask({ what: "models", key: apiKey })} />
      <ActButton
        label={text.revoke}
        about={name}
        color="red"
        onAct={() => ask({ what: "revoke", key: apiKey })}
      />
    </RowActions>
  );
}

const COLUMNS: Column<Key>[] = [
  {
    header: text.key,
    cell: ({ name, id }) => (
      <Stack gap={0}>
        <Text size="sm">{name}</Text>
        <Text size="xs" c="dimmed" className="mono">
          {id}
        </Text>
      </Stack>
    ),
  },
  {
    header: text.state,
    cell: ({ state, due, previous_until }) => (
      <Stack gap={2} align="flex-start">
        <StateBadge state={state} label={text.states[state]} color={COLOURS[state]} />
        {due && state === "active" && (
          <Text size="xs" fw={600}>
            {text.due}
          </Text>
        )}
        {previous_until && Date.parse(previous_until) > Date.now() && state === "active" && (
          <Text size="xs" c="dimmed" component="div">
            {text.overlapping} <Moment at={previous_until} />
          </Text>
        )}
      </Stack>
    ),
  },
  {
    header: text.roles,
    cell: ({ roles, permissions, engagement_id, rate, models }) => (
      <Stack gap={2}>
        <Group gap={4}>
          {roles.map((role) => (
            <Badge key={role} variant="light" color="gray">
              {role}
            </Badge>
          ))}
        </Group>
        <Text size="xs" c="dimmed">
          {[
            permissions && text.narrowed(permissions.length),
            engagement_id && text.bound,
            rate && text.rate(rate),
            models ? text.models(models) : text.allModels,
          ]
            .filter(Boolean)
            .join(" · ")}
        </Text>
      </Stack>
    ),
  },
  { header: text.used, cell: ({ last_used_at }) => <Moment at={last_used_at} /> },
  { header: text.expires, cell: ({ expires_at }) => (expires_at ? <Moment at={expires_at} /> : text.never) },
];
