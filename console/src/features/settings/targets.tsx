/** The targets of notifications: whom they tell of what, and what can be done to each. */
import { Button, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { ActButton } from "@/kit/act-button";
import { Sure } from "@/kit/confirm";
import { type Column, PAGES, PagedListing, RowActions } from "@/kit/listing";
import { useRefresh } from "@/kit/refresh";
import { Section } from "@/kit/section";
import { StateBadge } from "@/kit/state-badge";
import { Nothing } from "@/kit/states";
import { dialogs } from "@/strings/dialogs";
import { notifying as text } from "@/strings/installation";
import { NewTarget } from "./new-target";
import { Rotate } from "./parts/rotate";
import { SecretOnce } from "./parts/secret-once";

type Target = Schema<"Target">;
type Made = Schema<"TargetMade">;
type Asked = { readonly what: "rotate" | "remove"; readonly target: Target };

const PATH = "/api/v1/notifications";
const ONE = "/api/v1/notifications/targets/{target_id}";

export function Targets() {
  const query = $api.useInfiniteQuery("get", `${PATH}/targets`, {}, PAGES);
  const refresh = useRefresh(PATH);
  const [isAdding, setAdding] = useState(false);
  const [asked, setAsked] = useState<Asked>();
  const [made, setMade] = useState<Made>();
  const close = () => setAsked(undefined);
  async function show(answer: Made) {
    setAdding(false);
    close();
    if (answer.secret) setMade(answer);
    await refresh();
  }
  return (
    <Section title={text.targets} actions={<Button onClick={() => setAdding(true)}>{text.add}</Button>}>
      <PagedListing
        query={query}
        label={text.targets}
        columns={[
          ...COLUMNS,
          { header: dialogs.actions, cell: (target) => <Actions target={target} ask={setAsked} /> },
        ]}
        keyOf={({ id }) => id}
        empty={<Nothing title={text.none} hint={text.noneHint} />}
      />
      {isAdding && <NewTarget onDone={show} onClose={() => setAdding(false)} />}
      {asked?.what === "rotate" && <RotateTarget target={asked.target} onDone={show} onClose={close} />}
      {asked?.what === "remove" && <Remove target={asked.target} onClose={close} />}
      {made?.secret && (
        <SecretOnce
          title={text.secretTitle(made.target.name)}
          secret={made.secret}
          onClose={() => setMade(undefined)}
        >
          {text.secretHint}
        </SecretOnce>
      )}
    </Section>
  );
}

function Actions({ target, ask }: { readonly target: Target; readonly ask: (asked: Asked) => void }) {
  const refresh = useRefresh(PATH);
  const { name } = target;
  const params = { path: { target_id: target.id } };
  async function test() {
    const { data } = await client.POST(`${ONE}/test`, { params });
    const isSent = data?.status === "sent";
    notifications.show(
      isSent
        ? { message: text.tested(name), color: "green" }
        : { title: text.notTested(name), message: data?.reason ?? "", color: "red", autoClose: false },
    );
    await refresh();
  }
  async function enable() {
    await client.POST(`${ONE}/enable`, { params });
    await refresh();
  }
  return (
    <RowActions>
      <ActButton label={text.test} about={name} onAct={test} />
      {target.disabled_at && <ActButton label={text.enable} about={name} onAct={enable} />}
      {target.channel === "webhook" && (
        <ActButton label={text.rotate} about={name} onAct={() => ask({ what: "rotate", target })} />
      )}
      <ActButton label={text.remove} about={name} color="red" onAct={() => ask({ what: "remove", target })} />
    </RowActions>
  );
}

interface AboutTarget {
  readonly target: Target;
  readonly onClose: () => void;
}

function RotateTarget({
  target,
  onDone,
  onClose,
}: AboutTarget & { readonly onDone: (made: Made) => unknown }) {
  async function rotate(overlap: number) {
    const params = { path: { target_id: target.id } };
    const { data } = await client.POST(`${ONE}/rotate`, { params, body: { overlap } });
    if (data) await onDone(data);
  }
  return (
    <Rotate
      title={text.rotateTitle(target.name)}
      what={text.rotateWhat}
      action={text.rotate}
      overlap={text.overlap}
      onRotate={rotate}
      onClose={onClose}
    />
  );
}

function Remove({ target, onClose }: AboutTarget) {
  const refresh = useRefresh(PATH);
  async function remove() {
    await client.DELETE(ONE, { params: { path: { target_id: target.id } } });
    await refresh();
  }
  return (
    <Sure
      title={text.removeTitle(target.name)}
      what={text.removeWhat}
      action={text.remove}
      onSure={remove}
      onClose={onClose}
    />
  );
}

const COLUMNS: Column<Target>[] = [
  {
    header: text.name,
    cell: ({ name, channel, shown }) => (
      <Stack gap={0}>
        <Text size="sm">{name}</Text>
        <Text size="xs" c="dimmed">{`${text.channels[channel]}: ${shown}`}</Text>
      </Stack>
    ),
  },
  { header: text.events, cell: ({ events }) => events.join(", ") || text.allEvents },
  { header: text.roles, cell: ({ roles }) => roles.join(", ") },
  {
    header: text.state,
    cell: ({ disabled_at, disabled_because }) => (
      <Stack gap={0} align="flex-start">
        <StateBadge
          state={disabled_at ? "disabled" : "active"}
          label={disabled_at ? text.disabled : text.active}
          color={disabled_at ? "red" : "green"}
        />
        {disabled_at && <Text size="xs">{disabled_because}</Text>}
      </Stack>
    ),
  },
];
