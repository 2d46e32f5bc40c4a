/** Figures of the queue: what waits, how quick runs are, and what has failed. */
import { Alert, Card, SimpleGrid, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schema } from "@/api/client";
import { type Column, Listing } from "@/kit/listing";
import { durationOf } from "@/kit/moments";
import { common } from "@/strings/common";
import { workers as text } from "@/strings/workers";

type Statistics = Schema<"Statistics">;
type Failure = Schema<"FailureCount">;

const COLUMNS: Column<Failure>[] = [
  { header: text.code, cell: ({ code }) => <span className="mono">{code}</span> },
  { header: text.runs, cell: ({ runs }) => runs },
  {
    header: common.open,
    cell: ({ code }) => (
      <Link to="/runs" search={{ status: "failed" }} aria-label={`${text.see}: ${code}`}>
        {text.see}
      </Link>
    ),
  },
];

export function Queue({ figures }: { readonly figures: Statistics }) {
  const { durations } = figures;
  const tiles: [string, string | number][] = [
    [text.tiles.open, figures.open],
    [
      text.tiles.oldest,
      figures.oldest_queued_seconds === null ? text.nothingQueued : durationOf(figures.oldest_queued_seconds),
    ],
    [text.tiles.perMinute, figures.per_minute.toFixed(2)],
    [text.tiles.submitted, figures.submitted],
    [text.tiles.ended, figures.ended],
    [text.tiles.people, figures.waiting_for_people],
    [text.tiles.p50, durations ? durationOf(durations.p50) : common.none],
    [text.tiles.p95, durations ? durationOf(durations.p95) : common.none],
  ];
  return (
    <Stack gap="sm">
      {figures.partial && <Alert color="amber">{text.partial}</Alert>}
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        {tiles.map(([label, value]) => (
          <Card key={label} withBorder padding="sm">
            <Text size="xs" c="dimmed">
              {label}
            </Text>
            <Text fw={600} className="numeric" data-tile={label}>
              {value}
            </Text>
          </Card>
        ))}
      </SimpleGrid>
      <Listing
        label={text.failures}
        columns={COLUMNS}
        rows={figures.failures}
        keyOf={({ code }) => code}
        empty={
          <Text size="sm" c="dimmed">
            {text.noFailures}
          </Text>
        }
      />
    </Stack>
  );
}
