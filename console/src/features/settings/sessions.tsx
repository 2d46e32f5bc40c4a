/** Where one is signed in, and how each of that is ended. */
import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { ActButton } from "@/kit/act-button";
import { Sure } from "@/kit/confirm";
import { type Column, Listing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { useRefresh } from "@/kit/refresh";
import { Section } from "@/kit/section";
import { Loaded } from "@/kit/states";
import { dialogs } from "@/strings/dialogs";
import { account as text } from "@/strings/settings";

type Session = Schema<"OwnSession">;

const PATH = "/api/v1/auth/sessions";

export function Sessions() {
  const query = $api.useQuery("get", PATH);
  const [isLeaving, setLeaving] = useState(false);
  return (
    <Section
      title={text.sessions}
      actions={
        <Button size="compact-sm" variant="default" onClick={() => setLeaving(true)}>
          {text.everywhere}
        </Button>
      }
    >
      <Loaded query={query}>
        {({ items }) => (
          <Listing
            label={text.sessions}
            columns={COLUMNS}
            rows={items}
            keyOf={({ id }) => id}
            empty={
              <Text size="sm" c="dimmed">
                {text.noSessions}
              </Text>
            }
          />
        )}
      </Loaded>
      {isLeaving && (
        <Sure
          title={text.everywhereTitle}
          what={text.everywhereWhat}
          action={text.everywhere}
          onSure={leave}
          onClose={() => setLeaving(false)}
        />
      )}
    </Section>
  );
}

async function leave() {
  await client.POST("/api/v1/auth/sign-out-everywhere");
  location.assign("/sign-in");
}

function End({ session }: { readonly session: Session }) {
  const refresh = useRefresh(PATH);
  async function end() {
    await client.DELETE("/api/v1/auth/sessions/{session_id}", {
      params: { path: { session_id: session.id } },
    });
    if (session.current) location.assign("/sign-in");
    else await refresh();
  }
  return <ActButton label={text.end} about={session.agent} onAct={end} />;
}

const COLUMNS: Column<Session>[] = [
  {
    header: text.session,
    cell: ({ agent, current }) => (
      <Group gap={6} wrap="nowrap">
        <Text size="sm" maw={360} truncate title={agent}>
          {agent}
        </Text>
        {current && (
          <Badge variant="light" style={{ flexShrink: 0 }}>
            {text.thisOne}
          </Badge>
        )}
      </Group>
    ),
  },
  {
    header: text.begun,
    cell: ({ created_at, seen_at }) => (
      <Stack gap={0}>
        <Moment at={created_at} />
        <Text size="xs" c="dimmed" component="div">
          {text.seen} <Moment at={seen_at} />
        </Text>
      </Stack>
    ),
  },
  { header: dialogs.actions, cell: (session) => <End session={session} /> },
];
