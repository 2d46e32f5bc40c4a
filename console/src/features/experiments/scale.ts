/** Where values stand in a plot of intervals, from 0 to 100 per cent of its width. */

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** The place of a value; what lies beyond an end is put on it. */
  readonly place: (value: number) => number;
}

/** How much further than the largest estimate a plot reaches: an interval may go to infinity. */
const REACH = 6;
const STEPS = [1, 2, 5, 10];
const MOST_TICKS = 5;

/** A scale that shows 0, all marks and, as far as that is sensible, all intervals. */
export function scaleOf(intervals: readonly Interval[], marks: readonly number[] = []): Scale {
  const largest = Math.max(
    ...intervals.map(({ estimate }) => Math.abs(estimate)),
    ...marks.map(Math.abs),
    0.1,
  );
  const most = largest * REACH;
  const ends = [0, ...marks, ...intervals.flatMap(({ low, high }) => [low, high])];
  const inner = ends.map((end) => Math.min(most, Math.max(-most, end)));
  const step = stepOf(Math.max(...inner) - Math.min(...inner));
  const low = Math.floor(Math.min(...inner) / step) * step;
  const high = Math.ceil(Math.max(...inner) / step) * step;
  const count = Math.round((high - low) / step);
  const ticks = Array.from({ length: count + 1 }, (_, index) => rounded(low + index * step));
  const place = (value: number) => (100 * (Math.min(high, Math.max(low, value)) - low)) / (high - low);
  return { low, high, ticks, place };
}

/** A round step that parts a width into a few. */
function stepOf(width: number): number {
  const rough = width / MOST_TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * (STEPS.find((step) => step * power >= rough) ?? 10);
}

function rounded(value: number): number {
  return Number(value.toPrecision(10)) || 0;
}

type Metric = "validity" | "errors" | "cost" | "latency" | "feedback";

/** Where a guard's margin stands: on the worse side of no difference. */
export function marginOf(metric: Metric, worseBy: number): number {
  return metric === "validity" || metric === "feedback" ? -worseBy : worseBy;
}
