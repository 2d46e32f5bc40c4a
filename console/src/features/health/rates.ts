/** What the processes of a breaker have counted, together; and the name by which the API knows it. */
import type { Schema } from "@/api/client";

export interface Rates {
  readonly calls: number;
  /** Percent of the calls in the windows; undefined without calls. */
  readonly failed: number | undefined;
  readonly slow: number | undefined;
  /** When the breaker moved last, in any process. */
  readonly since: string | undefined;
}

export function ratesOf(processes: readonly Schema<"Reported">[]): Rates {
  const sum = (of: (one: Schema<"Reported">) => number) => processes.reduce((all, one) => all + of(one), 0);
  const calls = sum((one) => one.calls);
  const percent = (count: number) => (calls === 0 ? undefined : Math.round((count / calls) * 100));
  return {
    calls,
    failed: percent(sum((one) => one.failed)),
    slow: percent(sum((one) => one.slow)),
    since: processes
      .map((one) => one.since)
      .sort()
      .at(-1),
  };
}

/** A tilde stands for a slash of the name. */
export function pathOf(name: string): string {
  return name.replaceAll("/", "~");
}
