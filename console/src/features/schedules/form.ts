/** What somebody fills in about a schedule, what is wrong with it, and what of it the API is sent. */
import type { Schema } from "@/api/client";
import { pretty, readJson } from "@/kit/json";
import { fieldOf, momentOf } from "@/kit/local-moment";
import { schedules as text } from "@/strings/schedules";

type Schedule = Schema<"Schedule">;

export interface Draft {
  readonly name: string;
  readonly workflow: string;
  readonly version: string;
  readonly kind: "cron" | "interval";
  readonly cron: string;
  readonly zone: string;
  readonly interval: string;
  readonly input: string;
  readonly overlap: Schema<"Overlap">;
  readonly missed: Schema<"Missed">;
  readonly missedLimit: number;
  readonly priority: number;
  readonly startAt: string;
  readonly endAt: string;
  readonly paused: boolean;
}

export type Faults = Partial<Record<keyof Draft, string>>;

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/;
const CRON_FIELD = /^[0-9A-Za-z*,/#?LW-]+$/;
const INTERVAL = /^(\d{1,9})\s*(s|m|h|d)?$/;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const LONGEST = 31_622_400;

/** An empty form, in the viewer's zone. */
export function emptyDraft(zone: string): Draft {
  return {
    ...{ name: "", workflow: "", version: "", kind: "cron", cron: "0 6 * * *", zone, interval: "1h" },
    ...{ input: '""', overlap: "skip", missed: "once", missedLimit: 100, priority: 0 },
    ...{ startAt: "", endAt: "", paused: false },
  };
}

export function draftOf(schedule: Schedule): Draft {
  return {
    name: schedule.name,
    workflow: schedule.workflow,
    version: schedule.version === null ? "" : String(schedule.version),
    kind: schedule.cron === null ? "interval" : "cron",
    cron: schedule.cron ?? "",
    zone: schedule.time_zone,
    interval: schedule.interval_seconds === null ? "" : intervalText(schedule.interval_seconds),
    input: pretty(schedule.input),
    overlap: schedule.overlap,
    missed: schedule.missed,
    missedLimit: schedule.missed_limit,
    priority: schedule.priority,
    startAt: fieldOf(schedule.start_at),
    endAt: fieldOf(schedule.end_at),
    paused: schedule.paused,
  };
}

/** Seconds of 15m, 2h, 1d or 90; undefined where it is no length that a schedule can have. */
export function intervalSeconds(said: string): number | undefined {
  const found = INTERVAL.exec(said.trim());
  if (!found) return undefined;
  const seconds = Number(found[1]) * SECONDS[(found[2] ?? "s") as keyof typeof SECONDS];
  return seconds >= 1 && seconds <= LONGEST ? seconds : undefined;
}

function intervalText(seconds: number): string {
  for (const unit of ["d", "h", "m"] as const) {
    if (seconds % SECONDS[unit] === 0) return `${seconds / SECONDS[unit]}${unit}`;
  }
  return `${seconds}s`;
}

/** What is wrong with a cron expression at first sight; the server looks closer. */
export function cronFault(said: string): string | undefined {
  const expression = said.trim();
  if (/^@[a-z]+$/.test(expression)) return undefined;
  const fields = expression.split(/\s+/);
  if (fields.length !== 5) return text.faults.cronFields;
  const wrong = fields.find((field) => !CRON_FIELD.test(field));
  return wrong === undefined ? undefined : text.faults.cronSigns(wrong);
}

export function faultsOf(draft: Draft): Faults {
  const faults: Faults = {};
  if (!NAME.test(draft.name)) faults.name = text.faults.name;
  if (draft.workflow === "") faults.workflow = text.faults.workflow;
  const cron = draft.kind === "cron" ? cronFault(draft.cron) : undefined;
  if (cron !== undefined) faults.cron = cron;
  if (draft.kind === "interval" && intervalSeconds(draft.interval) === undefined) {
    faults.interval = text.faults.interval;
  }
  if (readJson(draft.input).fault !== undefined) faults.input = text.faults.input;
  return faults;
}

/** When it fires, as the API is told. */
function rhythmOf(draft: Draft) {
  return {
    ...(draft.kind === "cron"
      ? { cron: draft.cron.trim() }
      : { interval_seconds: intervalSeconds(draft.interval) ?? null }),
    time_zone: draft.zone,
    start_at: momentOf(draft.startAt),
    end_at: momentOf(draft.endAt),
  };
}

/** What the API is asked to know the next times; undefined while the rhythm has faults. */
export function previewOf(draft: Draft): Schema<"RhythmWanted"> | undefined {
  const { cron, interval } = faultsOf(draft);
  return cron === undefined && interval === undefined ? { ...rhythmOf(draft), fires: 5 } : undefined;
}

/** What the API is sent; the draft has no faults. */
export function bodyOf(draft: Draft): Omit<Schema<"NewSchedule">, "paused"> {
  return {
    name: draft.name,
    workflow: draft.workflow,
    version: draft.version === "" ? null : Number(draft.version),
    ...rhythmOf(draft),
    input: readJson(draft.input).value as Schema<"JsonValue">,
    overlap: draft.overlap,
    missed: draft.missed,
    missed_limit: draft.missedLimit,
    priority: draft.priority,
  };
}
