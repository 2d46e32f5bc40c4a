/** What is killed now, and what was; whoever may throws kill switches here and lets go. */
import { Badge, Button, Card, Group, Modal, Stack, Switch, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconHandStop } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { $api, client } from "@/api/client";
import { useCan, useMe } from "@/app/session";
import { ConfirmByTyping } from "@/kit/confirm";
import { Moment } from "@/kit/moments";
import { useRefresh } from "@/kit/refresh";
import { Loaded, Nothing } from "@/kit/states";
import { switches as text } from "@/strings/switches";
import { KillForm } from "./kill-form";
import { type Kill, whatText, wordOf } from "./killing";
import { LIST } from "./use-names";

export function Kills() {
  const can = useCan();
  const navigate = useNavigate();
  const ended = (useSearch({ strict: false }) as { ended?: boolean }).ended === true;
  const [opened, { open, close }] = useDisclosure();
  const query = $api.useQuery("get", LIST, { params: { query: { ended } } }, { refetchInterval: 5_000 });
  const throws = can("switches:throw");
  return (
    <Stack>
      <Group justify="space-between">
        <Switch
          label={text.history}
          checked={ended}
          onChange={(event) => {
            const search = event.currentTarget.checked ? { ended: true } : {};
            void navigate({ to: "/switches", search, replace: true });
          }}
        />
        {throws && (
          <Button color="red" leftSection={<IconHandStop size={16} />} onClick={open} data-testid="kill">
            {text.kill}
          </Button>
        )}
      </Group>
      <Modal opened={opened} onClose={close} title={text.kill}>
        <KillForm done={close} />
      </Modal>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing title={text.nothingKilled} hint={text.nothingKilledHint} />
          ) : (
            items.map((kill) => <One key={kill.id} kill={kill} throws={throws} />)
          )
        }
      </Loaded>
    </Stack>
  );
}

function One({ kill, throws }: { readonly kill: Kill; readonly throws: boolean }) {
  const over = kill.ended_at !== null;
  return (
    <Card withBorder padding="sm" data-testid="killed">
      <Group justify="space-between" align="flex-start">
        <Stack gap={4} miw={0} flex="1 1 260px">
          <Group gap="xs">
            <Badge color={over ? "gray" : "red"} variant="light">
              {text.kinds[kill.kind]}
            </Badge>
            <Title order={2} size="h5" style={{ overflowWrap: "anywhere" }}>
              {kill.name || text.kinds[kill.kind]}
            </Title>
            <Text size="sm" c="dimmed">
              {kill.tenant === "*" ? text.allTenants : text.ownTenant(kill.tenant)}
            </Text>
          </Group>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            {kill.why}
          </Text>
          <Text size="xs" c="dimmed" component="div">
            {text.since} <Moment at={kill.made_at} /> {text.by(kill.made_by)}
            {kill.until && (
              <>
                {" · "}
                {text.until} <Moment at={kill.until} />
              </>
            )}
            {kill.ended_at && (
              <>
                {" · "}
                {text.letGo(kill.ended_by ?? text.byItself)} <Moment at={kill.ended_at} />
              </>
            )}
          </Text>
        </Stack>
        {throws && !over && <LetGo kill={kill} />}
      </Group>
    </Card>
  );
}

function LetGo({ kill }: { readonly kill: Kill }) {
  const [asks, setAsks] = useState(false);
  const refresh = useRefresh(LIST);
  const tenant = useMe()?.tenant_id ?? "";
  const { kind, name } = kill;
  const named = kill.tenant === tenant || kind === "everything" ? {} : { tenant: kill.tenant };
  async function letGo() {
    await client.POST("/api/v1/switches/unkill", { body: { kind, name, ...named } });
    notifications.show({ message: text.unkill_done, color: "green" });
    setAsks(false);
    void refresh();
  }
  return (
    <>
      <Button variant="default" onClick={() => setAsks(true)} data-testid="unkill">
        {text.unkill}
      </Button>
      <ConfirmByTyping
        opened={asks}
        title={text.unkillTitle}
        what={text.unkillWhat(whatText(kill))}
        word={wordOf(kill, kill.tenant)}
        danger={text.unkill}
        onConfirm={letGo}
        onClose={() => setAsks(false)}
      />
    </>
  );
}
