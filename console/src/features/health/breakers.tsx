/** The breakers of all processes, and what operators set by hand. */
import { Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { ActButton } from "@/kit/act-button";
import { AsOf } from "@/kit/as-of";
import { FormDialog } from "@/kit/form-dialog";
import { type Column, Listing, RowActions } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { StateBadge } from "@/kit/state-badge";
import { Loaded, Nothing } from "@/kit/states";
import { dialogs } from "@/strings/dialogs";
import { breakers as text } from "@/strings/health";
import { names } from "@/strings/names";
import { SetByHand } from "./override";
import { pathOf, ratesOf } from "./rates";

type Breaker = Schema<"BreakerShown">;
type Asked = { readonly what: "set"; readonly name: string } | { what: "release" | "reset"; name: string };

const EVERY = 10_000;
const PATH = "/api/v1/breakers";
const COLOURS = {
  closed: "green",
  half_open: "amber",
  open: "red",
  forced_open: "red",
  disabled: "gray",
  metrics_only: "blue",
} as const;

export default function BreakersScreen() {
  const query = $api.useQuery("get", PATH, {}, { refetchInterval: EVERY });
  const mayOperate = useCan()("installation:operate");
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const columns = columnsOf(mayOperate ? setAsked : undefined);
  return (
    <Page
      title={names.breakers}
      summary={text.summary}
      actions={
        <>
          <AsOf query={query} />
          {mayOperate && (
            <Button size="xs" onClick={() => setAsked({ what: "set", name: "" })}>
              {text.setAny}
            </Button>
          )}
        </>
      }
    >
      <Loaded query={query}>
        {({ items }) => (
          <Listing
            label={names.breakers}
            columns={columns}
            rows={items}
            keyOf={(one) => one.name}
            empty={<Nothing title={text.none} hint={text.noneHint} />}
          />
        )}
      </Loaded>
      {asked?.what === "set" && <SetByHand name={asked.name} onClose={close} />}
      {asked && asked.what !== "set" && <Sure what={asked.what} name={asked.name} onClose={close} />}
    </Page>
  );
}

function Sure({ what, name, onClose }: { what: "release" | "reset"; name: string; onClose: () => void }) {
  const refresh = useRefresh(PATH);
  const params = { path: { name: pathOf(name) } };
  async function send() {
    if (what === "reset") await client.POST("/api/v1/breakers/{name}/reset", { params });
    else {
      const body = { mode: "none", reason: text.released } as const;
      await client.PUT("/api/v1/breakers/{name}/override", { params, body });
    }
    await refresh();
    onClose();
  }
  const isReset = what === "reset";
  return (
    <FormDialog
      title={isReset ? text.resetTitle(name) : text.releaseTitle(name)}
      action={isReset ? text.reset : text.release}
      onSubmit={send}
      onClose={onClose}
    >
      <Text size="sm">{isReset ? text.resetWhat : text.releaseWhat}</Text>
      <Text size="sm">{text.everywhere}</Text>
    </FormDialog>
  );
}

function columnsOf(ask: ((asked: Asked) => void) | undefined): Column<Breaker>[] {
  const shown: Column<Breaker>[] = [
    {
      header: text.name,
      cell: (one) => (
        <Stack gap={0}>
          <span className="mono">{one.name}</span>
          <Text size="xs" c="dimmed">
            {text.processes(one.processes.length)}
          </Text>
        </Stack>
      ),
    },
    {
      header: text.state,
      cell: ({ state }) => (
        <Stack gap={0} align="flex-start">
          <StateBadge state={state} label={text.states[state]} color={COLOURS[state]} />
          <Text size="xs" c="dimmed">
            {text.meanings[state]}
          </Text>
        </Stack>
      ),
    },
    { header: text.calls, cell: (one) => ratesOf(one.processes).calls },
    { header: text.failing, cell: (one) => rateText(ratesOf(one.processes).failed) },
    { header: text.slow, cell: (one) => rateText(ratesOf(one.processes).slow) },
    { header: text.changed, cell: (one) => <Moment at={ratesOf(one.processes).since} /> },
    { header: text.byHand, cell: ({ override }) => override && <Override override={override} /> },
  ];
  if (ask) shown.push({ header: dialogs.actions, cell: (one) => <Actions breaker={one} ask={ask} /> });
  return shown;
}

function rateText(percent: number | undefined): string {
  return percent === undefined ? "" : text.rate(percent);
}

function Override({ override }: { readonly override: Schema<"OverrideShown"> }) {
  return (
    <Stack gap={0}>
      <Text size="sm">{override.reason}</Text>
      <Text size="xs" c="dimmed" component="div">
        {text.setBy(override.made_by)} <Moment at={override.made_at} />
      </Text>
      {override.until && (
        <Text size="xs" c="dimmed" component="div">
          {text.untilAt} <Moment at={override.until} />
        </Text>
      )}
    </Stack>
  );
}

function Actions({ breaker, ask }: { readonly breaker: Breaker; readonly ask: (asked: Asked) => void }) {
  const { name, override } = breaker;
  return (
    <RowActions>
      <ActButton label={text.set} about={name} onAct={() => ask({ what: "set", name })} />
      {override && (
        <ActButton label={text.release} about={name} onAct={() => ask({ what: "release", name })} />
      )}
      <ActButton label={text.reset} about={name} onAct={() => ask({ what: "reset", name })} />
    </RowActions>
  );
}
