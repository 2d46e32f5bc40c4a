/** Oneself: name, password, authenticator, and where one is signed in. */
import { Badge, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { tellFailure } from "@/kit/act-button";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { Section } from "@/kit/section";
import { Loaded } from "@/kit/states";
import { dialogs } from "@/strings/dialogs";
import { names } from "@/strings/names";
import { account as text } from "@/strings/settings";
import { ChangePassword } from "./password";
import { Sessions } from "./sessions";
import { Enrol, RemoveTotp } from "./totp";

type Me = Schema<"Me">;
type Person = Schema<"Person">;
type Asked = "password" | "enrol" | "remove";

export default function AccountScreen() {
  const query = $api.useQuery("get", "/api/v1/me");
  return (
    <Page title={names.account} summary={text.summary}>
      <Loaded query={query}>
        {(me) => (
          <Stack gap="lg">
            <Section title={text.who}>
              <Who me={me} />
            </Section>
            {me.person && <OwnPerson person={me.person} />}
          </Stack>
        )}
      </Loaded>
      <Sessions />
    </Page>
  );
}

function Who({ me }: { readonly me: Me }) {
  return (
    <Stack gap={4}>
      {me.person === null && <Text size="sm">{text.machine}</Text>}
      <Text size="sm">
        {`${text.principal}: `}
        <span className="mono">{me.principal}</span>
      </Text>
      <Text size="sm">{`${text.tenant}: ${me.tenant_id}`}</Text>
      {me.person?.email && <Text size="sm">{`${text.email}: ${me.person.email}`}</Text>}
      <Group gap={4}>
        <Text size="sm">{`${text.roles}: `}</Text>
        {me.roles.map((role) => (
          <Badge key={role} variant="light" color="gray">
            {role}
          </Badge>
        ))}
      </Group>
    </Stack>
  );
}

function OwnPerson({ person }: { readonly person: Person }) {
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  return (
    <>
      <Section title={text.name}>
        <OwnName person={person} />
      </Section>
      <Section title={text.password}>
        {person.issuer ? (
          <Text size="sm">{text.provider(person.issuer)}</Text>
        ) : (
          <Button variant="default" onClick={() => setAsked("password")}>
            {text.change}
          </Button>
        )}
      </Section>
      <Section title={text.totp}>
        <Stack gap="xs" align="flex-start">
          <Text size="sm">{person.second_factor ? text.totpOn : text.totpOff}</Text>
          <Button variant="default" onClick={() => setAsked(person.second_factor ? "remove" : "enrol")}>
            {person.second_factor ? text.remove : text.enrol}
          </Button>
        </Stack>
      </Section>
      {asked === "password" && <ChangePassword onClose={close} />}
      {asked === "enrol" && <Enrol hasPassword={person.issuer === null} onClose={close} />}
      {asked === "remove" && <RemoveTotp hasPassword={person.issuer === null} onClose={close} />}
    </>
  );
}

function OwnName({ person }: { readonly person: Person }) {
  const refresh = useRefresh("/api/v1/me");
  const [name, setName] = useState(person.name);
  const [isBusy, setBusy] = useState(false);
  async function save(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      await client.PATCH("/api/v1/me", { body: { name: name.trim() } });
      notifications.show({ message: dialogs.saved, color: "green" });
      await refresh();
    } catch (failure) {
      tellFailure(failure);
    } finally {
      setBusy(false);
    }
  }
  return (
    <form onSubmit={save}>
      <Group align="flex-end" gap="xs">
        <TextInput
          label={text.name}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          autoComplete="name"
        />
        <Button type="submit" variant="default" loading={isBusy} disabled={name.trim() === ""}>
          {text.saveName}
        </Button>
      </Group>
    </form>
  );
}
