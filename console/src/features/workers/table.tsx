/** The workers that were heard of lately. */
import { Stack, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { type Column, Listing } from "@/kit/listing";
import { durationOf, Moment } from "@/kit/moments";
import { StateBadge } from "@/kit/state-badge";
import { Nothing } from "@/kit/states";
import { common } from "@/strings/common";
import { workers as text } from "@/strings/workers";

type Worker = Schema<"WorkerShown">;
type State = keyof typeof text.states;

const COLOURS = { alive: "green", draining: "amber", silent: "red" } as const;

/** One that is past its lease is silent, whatever else it has said. */
export function stateOf({ alive, draining }: Pick<Worker, "alive" | "draining">): State {
  if (!alive) return "silent";
  return draining ? "draining" : "alive";
}

const COLUMNS: Column<Worker>[] = [
  {
    header: text.host,
    cell: (worker) => (
      <Stack gap={0}>
        <Text size="sm">{worker.host}</Text>
        <Text size="xs" c="dimmed">
          {[text.pid(worker.pid), text.version(worker.version), ...labelsOf(worker)].join(" · ")}
        </Text>
      </Stack>
    ),
  },
  {
    header: text.state,
    cell: (worker) => {
      const state = stateOf(worker);
      return <StateBadge state={state} label={text.states[state]} color={COLOURS[state]} />;
    },
  },
  {
    header: text.busy,
    cell: ({ busy, slots }) => <span className="numeric">{text.slots(busy, slots)}</span>,
  },
  {
    header: text.heard,
    cell: ({ silent_for }) => <span className="numeric">{common.ago(durationOf(silent_for))}</span>,
  },
  { header: text.started, cell: ({ started_at }) => <Moment at={started_at} /> },
  {
    header: text.workflows,
    cell: ({ workflows }) => (
      <Text size="xs" className="mono" maw={420}>
        {workflows.join(", ")}
      </Text>
    ),
  },
];

export function WorkersTable({ workers }: { readonly workers: readonly Worker[] }) {
  return (
    <Listing
      label={text.workers}
      columns={COLUMNS}
      rows={workers}
      keyOf={(worker) => worker.id}
      empty={<Nothing title={text.noWorkers} hint={text.noWorkersHint} />}
    />
  );
}

function labelsOf({ labels }: Worker): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}
