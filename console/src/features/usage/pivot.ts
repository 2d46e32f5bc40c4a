/** From groups of calls by time and thing to bars: one row for each time, one column for each of a few things. */
import type { Schema } from "@/api/client";
import { usage as text } from "@/strings/usage";
import { type Measure, nameOf } from "./asked";

type Group = Schema<"Group">;

export interface Bars {
  /** What the columns are called, the largest first; what is beyond the most is put together. */
  readonly series: readonly string[];
  readonly rows: readonly Row[];
}

export interface Row {
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
}

/** How many things have bars of their own. */
export const MOST = 6;

export function amountOf(sums: Schema<"Sums">, measure: Measure): number {
  if (measure === "cost") return Number(sums.cost);
  return measure === "calls" ? sums.calls : sums.input_tokens + sums.output_tokens;
}

interface Span {
  readonly since: number;
  readonly until: number;
  readonly size: number;
}

/** The bars of a time: those in which nothing was called are there, too. */
export function pivot(groups: readonly Group[], measure: Measure, span: Span): Bars {
  const totals = new Map<string, number>();
  for (const group of groups) {
    const name = nameOf(group.key);
    totals.set(name, (totals.get(name) ?? 0) + amountOf(group, measure));
  }
  const ranked = [...totals].sort(([, one], [, other]) => other - one).map(([name]) => name);
  const own = new Set(ranked.length > MOST ? ranked.slice(0, MOST - 1) : ranked);
  const series = [...own, ...(ranked.length > own.size ? [text.other] : [])];
  const rows = new Map<number, Record<string, number>>();
  for (let at = Math.floor(span.since / span.size) * span.size; at < span.until; at += span.size)
    rows.set(at, Object.fromEntries(series.map((name) => [name, 0])));
  for (const group of groups) {
    const values = rows.get(Date.parse(group.key.hour ?? group.key.day ?? ""));
    const name = nameOf(group.key);
    const column = own.has(name) ? name : text.other;
    if (values) values[column] = (values[column] ?? 0) + amountOf(group, measure);
  }
  return { series, rows: [...rows].map(([at, values]) => ({ at, values })) };
}

type Taken = Pick<Schema<"Sums">, "input_tokens" | "output_tokens" | "cost">;

/** Whether tokens cost nothing, though no cache answered `asked` of the calls: nobody knew the price, or it is 0. */
export function isUnpriced({ input_tokens, output_tokens, cost }: Taken, asked: number): boolean {
  return Number(cost) === 0 && input_tokens + output_tokens > 0 && asked > 0;
}
