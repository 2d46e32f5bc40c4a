/** A histogram's numbers as they are drawn, and the stretch of time that a selection in it means. */
import type { Schema } from "@/api/client";
import type { Status } from "./filters";

type Histogram = Schema<"Histogram">;

/** From the bottom of a bar to its top: what ended well, what is open, what did not end well. */
export const STACK: readonly Status[] = ["completed", "running", "queued", "waiting", "cancelled", "failed"];

/** Seconds of each bucket's beginning, and for each state the height up to and with it. */
export function stackedOf(found: Histogram): { readonly at: number[]; readonly heights: number[][] } {
  const at = found.buckets.map((bucket) => Date.parse(bucket.at) / 1000);
  const sums = found.buckets.map(() => 0);
  const heights = STACK.map((status) =>
    found.buckets.map((bucket, place) => {
      sums[place] = (sums[place] ?? 0) + (bucket.runs[status] ?? 0);
      return sums[place];
    }),
  );
  return { at, heights };
}

/** The seconds in which the first bar begins and the last one ends: each stands on the whole of its bucket. */
export function rangeOf(found: Histogram): [number, number] {
  const begin = Date.parse(found.from) / 1000;
  return [begin, begin + Math.max(1, found.buckets.length) * found.seconds];
}

/** How many runs there are by state. */
export function totalsOf(found: Histogram): ReadonlyMap<Status, number> {
  const totals = new Map<Status, number>();
  for (const { runs } of found.buckets) {
    for (const [status, count] of Object.entries(runs) as [Status, number][]) {
      totals.set(status, (totals.get(status) ?? 0) + count);
    }
  }
  return totals;
}

export interface Stretch {
  readonly after: string;
  readonly before: string;
}

/** The whole buckets between two moments in seconds, in any order; one of them where both are the same. */
export function stretchOf(found: Histogram, one: number, other: number): Stretch | undefined {
  const begin = Date.parse(found.from) / 1000;
  const last = found.buckets.length - 1;
  if (last < 0) return undefined;
  const placeOf = (moment: number) =>
    Math.min(last, Math.max(0, Math.floor((moment - begin) / found.seconds)));
  const first = placeOf(Math.min(one, other));
  const behind = placeOf(Math.max(one, other)) + 1;
  return {
    after: momentOf(begin + first * found.seconds, -1),
    before: momentOf(begin + behind * found.seconds, 0),
  };
}

/** A moment of the API; the filter wants what was made after it, so that the bucket's own beginning needs one less. */
function momentOf(seconds: number, milliseconds: number): string {
  return new Date(Math.round(seconds * 1000) + milliseconds).toISOString();
}
