/** The times of steps and spans as bars on one axis: what is working, what is waiting, and what may be left out. */
import type { Outline, Part } from "./outline";

/** From and to, in milliseconds. */
export type Interval = readonly [number, number];

export interface Bar {
  readonly id: string;
  readonly label: string;
  readonly depth: number;
  readonly begin: number;
  /** Null while it is under way. */
  readonly end: number | null;
  readonly exact: boolean;
  readonly tone: "work" | "wait" | "failed" | "outer";
  /** Parts of it in which nothing but waiting went on. */
  readonly waits: readonly Interval[];
  readonly said: string | null;
  /** The journal entry that a click leads to. */
  readonly seq: number;
}

/** Intervals in order, those that touch joined. */
export function joined(intervals: readonly Interval[]): Interval[] {
  const found: [number, number][] = [];
  for (const [from, to] of [...intervals].sort((one, other) => one[0] - other[0])) {
    if (to <= from) continue;
    const last = found.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

/** What of some intervals is in none of the others. Both are in order, and joined. */
export function without(intervals: readonly Interval[], others: readonly Interval[]): Interval[] {
  const found: Interval[] = [];
  let place = 0;
  for (const [from, to] of intervals) {
    while (place < others.length && (others[place] as Interval)[1] <= from) place += 1;
    let at = from;
    for (let other = place; other < others.length && (others[other] as Interval)[0] < to; other += 1) {
      const [begin, end] = others[other] as Interval;
      if (begin > at) found.push([at, begin]);
      at = Math.max(at, end);
    }
    if (at < to) found.push([at, to]);
  }
  return found;
}

function clipped(intervals: readonly Interval[], [from, to]: Interval): Interval[] {
  return joined(intervals.map(([begin, end]) => [Math.max(begin, from), Math.min(end, to)] as const));
}

export function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, [from, to]) => sum + to - from, 0);
}

const WAITING = new Set(["ask", "sleep"]);

/** When the whole run did nothing but wait. */
export function waitsOf(outline: Outline, now: number): Interval[] {
  const spans = (kept: (part: Part) => boolean) =>
    joined(outline.parts.filter(kept).map(({ begin, end }) => [begin, end ?? now] as const));
  const waits = spans(({ verb }) => WAITING.has(verb));
  const work = spans((part) => !WAITING.has(part.verb) && !outline.children.has(part.key));
  return without(waits, work);
}

/** A bar for each step, in the order of the outline. */
export function barsOf(outline: Outline, now: number): Bar[] {
  const waits = waitsOf(outline, now);
  return outline.parts.map((part) => {
    const waiting = WAITING.has(part.verb);
    return {
      id: part.key,
      label: part.name,
      depth: part.depth,
      begin: part.begin,
      end: part.end,
      exact: part.exact,
      tone: toneOf(part, waiting, outline),
      waits: waiting ? [] : clipped(waits, [part.begin, part.end ?? now]),
      said: part.failure ? part.failure.message : null,
      seq: part.firstSeq,
    };
  });
}

function toneOf(part: Part, waiting: boolean, { children }: Outline): Bar["tone"] {
  if (part.state === "failed") return "failed";
  if (waiting) return "wait";
  return children.has(part.key) ? "outer" : "work";
}

/** Where moments stand on the axis, from 0 to 1. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  /** Milliseconds shown: the whole without what is left out. */
  readonly shown: number;
  readonly at: (moment: number) => number;
  /** The moment until which so many milliseconds are shown. */
  readonly momentOf: (milliseconds: number) => number;
}

/** Room that a stretch which is left out still has, as a share of what is shown. */
const TRACE = 0.012;

export function axisOf(from: number, to: number, leftOut: readonly Interval[] = []): Axis {
  const gaps = clipped(leftOut, [from, to]);
  const shown = Math.max(1, to - from - lengthOf(gaps));
  const room = shown * TRACE;
  const whole = shown + gaps.length * room;
  const at = (moment: number) => {
    const until = Math.min(Math.max(moment, from), to);
    let position = until - from;
    for (const [begin, end] of gaps) {
      if (until <= begin) break;
      const inside = Math.min(until, end) - begin;
      position += (inside / (end - begin)) * room - inside;
    }
    return Math.min(1, Math.max(0, position / whole));
  };
  const momentOf = (milliseconds: number) => {
    let moment = from + milliseconds;
    for (const [begin, end] of gaps) if (moment > begin) moment += end - begin;
    return moment;
  };
  return { from, to, shown, at, momentOf };
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Round steps for the marks of an axis, in milliseconds. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 20, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 20, 30].map((count) => count * MINUTE),
  ...[1, 2, 6, 12].map((count) => count * HOUR),
];

/** Moments to mark, since the beginning: about five, at round distances. */
export function marksOf(length: number): number[] {
  const wanted = length / 5;
  const step = STEPS.find((each) => each >= wanted) ?? Math.ceil(wanted / DAY) * DAY;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, place) => place * step);
}
