/** What is asked of usage: a period, what sums are by, and filters, as they stand in the address. */
import type { Schema } from "@/api/client";
import { usage as text } from "@/strings/usage";

export type Thing = keyof typeof text.things;
export type Measure = keyof typeof text.measures;
export type Period = keyof typeof text.periods;
export type FilterName = keyof typeof text.filter;
export type Filters = Partial<Record<FilterName, string>>;

export const FILTERS = Object.keys(text.filter) as FilterName[];

const HOURS: Record<Period, number> = { day: 24, week: 168, month: 720, quarter: 2160 };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** `given` if it is one of the names of `known`, else `otherwise`. */
export function oneOf<T extends string>(
  given: string,
  known: Readonly<Record<T, unknown>>,
  otherwise: NoInfer<T>,
): T {
  return given in known ? (given as T) : otherwise;
}

/** The beginning of a period that ends now, on a full hour or day of UTC, so that its first bar is whole. */
export function beginningOf(period: Period, now: number): string {
  const size = sizeOf(period);
  return new Date(Math.floor((now - HOURS[period] * HOUR) / size) * size).toISOString();
}

/** By what the bars of a period are parted: hours of a day, else days. */
export function bucketOf(period: Period): "hour" | "day" {
  return period === "day" ? "hour" : "day";
}

/** Milliseconds of one bar. */
export function sizeOf(period: Period): number {
  return bucketOf(period) === "hour" ? HOUR : DAY;
}

/** What the API puts calls together by: a version says little without its prompt. */
export function groupsOf(thing: Thing): Schema<"By">[] {
  return thing === "prompt_version" ? ["prompt", "prompt_version"] : [thing];
}

/** What a group is called: the parts of its key that are not a time. */
export function nameOf(key: Readonly<Record<string, string>>): string {
  const parts = Object.entries(key).filter(
    ([name, value]) => name !== "day" && name !== "hour" && value !== "",
  );
  return parts.map(([, value]) => value).join(" · ") || text.nothingNamed;
}
