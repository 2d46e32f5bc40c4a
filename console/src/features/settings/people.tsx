/** The people of the tenant: who is invited, what they may do, and whether they may sign in. */
import { Button, Stack, Text } from "@mantine/core";
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
import { common } from "@/strings/common";
import { dialogs } from "@/strings/dialogs";
import { names } from "@/strings/names";
import { people as text } from "@/strings/settings";
import { EditRoles, Handed, Invite, Reset } from "./person-dialogs";

type Person = Schema<"Person">;
type Linked = Schema<"Linked">;
type Asked = { readonly what: "roles" | "reset" | "disable"; readonly person: Person };

const COLOURS = { invited: "amber", active: "green", disabled: "gray" } as const;

export default function PeopleScreen() {
  const query = $api.useInfiniteQuery("get", "/api/v1/users", {}, PAGES);
  const refresh = useRefresh("/api/v1/users");
  const [isInviting, setInviting] = useState(false);
  const [asked, setAsked] = useState<Asked>();
  const [linked, setLinked] = useState<Linked>();
  const close = () => setAsked(undefined);
  async function made(link: Linked) {
    setInviting(false);
    close();
    setLinked(link);
    await refresh();
  }
  return (
    <Page
      title={names.people}
      summary={text.summary}
      actions={<Button onClick={() => setInviting(true)}>{text.invite}</Button>}
    >
      <PagedListing
        query={query}
        label={names.people}
        columns={[
          ...COLUMNS,
          { header: dialogs.actions, cell: (person) => <Actions person={person} ask={setAsked} /> },
        ]}
        keyOf={({ id }) => id}
        empty={<Nothing title={text.none} hint={text.inviteHint} />}
      />
      {isInviting && <Invite onDone={made} onClose={() => setInviting(false)} />}
      {asked?.what === "roles" && <EditRoles person={asked.person} onClose={close} />}
      {asked?.what === "reset" && <Reset person={asked.person} onDone={made} onClose={close} />}
      {asked?.what === "disable" && <Disable person={asked.person} onClose={close} />}
      {linked && <Handed linked={linked} onClose={() => setLinked(undefined)} />}
    </Page>
  );
}

function Actions({ person, ask }: { readonly person: Person; readonly ask: (asked: Asked) => void }) {
  const refresh = useRefresh("/api/v1/users");
  const params = { path: { person_id: person.id } };
  async function enable() {
    await client.POST("/api/v1/users/{person_id}/enable", { params });
    await refresh();
  }
  return (
    <RowActions>
      <ActButton label={text.edit} about={person.name} onAct={() => ask({ what: "roles", person })} />
      <ActButton label={text.reset} about={person.name} onAct={() => ask({ what: "reset", person })} />
      {person.status === "disabled" ? (
        <ActButton label={text.enable} about={person.name} onAct={enable} />
      ) : (
        <ActButton
          label={text.disable}
          about={person.name}
          color="red"
          onAct={() => ask({ what: "disable", person })}
        />
      )}
    </RowActions>
  );
}

function Disable({ person, onClose }: { readonly person: Person; readonly onClose: () => void }) {
  const refresh = useRefresh("/api/v1/users");
  async function disable() {
    const params = { path: { person_id: person.id } };
    await client.POST("/api/v1/users/{person_id}/disable", { params });
    await refresh();
  }
  return (
    <Sure
      title={text.disableTitle(person.name)}
      what={text.disableWhat}
      action={text.disable}
      onSure={disable}
      onClose={onClose}
    />
  );
}

const COLUMNS: Column<Person>[] = [
  {
    header: text.person,
    cell: ({ name, email, second_factor, issuer }) => (
      <Stack gap={0}>
        <Text size="sm">{name}</Text>
        <Text size="xs" c="dimmed">
          {[email, second_factor && text.secondFactor, issuer && text.issuer(issuer)]
            .filter(Boolean)
            .join(" · ")}
        </Text>
      </Stack>
    ),
  },
  {
    header: text.status,
    cell: ({ status }) => <StateBadge state={status} label={text.statuses[status]} color={COLOURS[status]} />,
  },
  { header: text.roles, cell: ({ roles }) => roles.join(", ") || common.none },
  { header: text.lastSeen, cell: ({ last_signed_in_at }) => <Moment at={last_signed_in_at} /> },
];
