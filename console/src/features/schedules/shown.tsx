/** How a schedule is, and when it fires: by the viewer's clock and by its own. */
import { Stack, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { Moment } from "@/kit/moments";
import { StateBadge } from "@/kit/state-badge";
import { common } from "@/strings/common";
import { schedules as text } from "@/strings/schedules";

type State = Exclude<keyof typeof text.states, "all">;

const COLOURS = { active: "green", paused: "gray", failing: "red" } as const;

export function stateOf({ paused, failing }: Pick<Schema<"ScheduleSummary">, "paused" | "failing">): State {
  if (paused) return "paused";
  return failing ? "failing" : "active";
}

export function ScheduleState({
  schedule,
}: {
  schedule: Pick<Schema<"ScheduleSummary">, "paused" | "failing">;
}) {
  const state = stateOf(schedule);
  return (
    <span data-testid="schedule-state">
      <StateBadge state={state} label={text.states[state]} color={COLOURS[state]} />
    </span>
  );
}

/** Whether the viewer's clock is the one of a zone. */
export function isOwnZone(zone: string): boolean {
  return zone === Intl.DateTimeFormat().resolvedOptions().timeZone;
}

interface NextFireProps {
  readonly at: string | null;
  readonly zone: string;
  readonly isPaused?: boolean;
  readonly isPast?: boolean;
}

export function NextFire({ at, zone, isPaused = false, isPast = false }: NextFireProps) {
  if (at === null) return <span>{isPast ? common.none : isPaused ? text.whilePaused : text.never}</span>;
  return (
    <Stack gap={0}>
      <Moment at={at} />
      {!isOwnZone(zone) && (
        <Text size="xs" c="dimmed">
          {text.inZone(inZone(at, zone), zone)}
        </Text>
      )}
    </Stack>
  );
}

/** A moment by the clock of a zone; in UTC where this browser does not know the zone. */
export function inZone(at: string, zone: string): string {
  const options = { dateStyle: "medium", timeStyle: "short" } as const;
  try {
    return new Intl.DateTimeFormat(undefined, { ...options, timeZone: zone }).format(new Date(at));
  } catch {
    return new Intl.DateTimeFormat(undefined, { ...options, timeZone: "UTC" }).format(new Date(at));
  }
}
