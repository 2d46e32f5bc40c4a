/** The columns of the chart of a budget: when, spent, expected, soft limit, hard limit. */
import type { Schema } from "@/api/client";
import { type Budget, numberOf, type Usage } from "./amounts";

type Column = (number | null)[];

export interface Burn {
  readonly columns: [number[], Column, Column, Column, Column];
}

const LENGTH: Record<Budget["period"], number> = { run: 0, hour: 3_600, day: 86_400, month: 2_629_746 };

/** Periods from the first to the last, and one beside each so that one bar has room; null where runs are periods. */
export function burnOf(
  budget: Budget,
  usages: readonly Usage[],
  forecast: Schema<"Forecast"> | undefined,
): Burn | null {
  const known = usages
    .flatMap(({ starts_at, spent, period }) =>
      starts_at ? [{ at: Date.parse(starts_at) / 1000, spent: Number(spent), period }] : [],
    )
    .toSorted((one, other) => one.at - other.at);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return null;
  const step = LENGTH[budget.period];
  const whens = [first.at - step, ...known.map(({ at }) => at), last.at + step];
  const limit = (amount: string | null | undefined) => whens.map(() => numberOf(amount));
  const expected = known.map(({ period }) =>
    forecast !== undefined && period === forecast.period ? Number(forecast.expected) : null,
  );
  return {
    columns: [
      whens,
      [null, ...known.map(({ spent }) => spent), null],
      [null, ...expected, null],
      limit(budget.soft),
      limit(budget.hard),
    ],
  };
}
