/** Stranded runs by workflow and version: they are moved together. */
import type { Schema } from "@/api/client";

export interface StrandedGroup {
  readonly workflow: string;
  readonly version: number;
  readonly runs: number;
}

type Run = Pick<Schema<"RunSummary">, "workflow" | "version" | "stranded">;

export function strandedOf(runs: readonly Run[]): StrandedGroup[] {
  const groups = new Map<string, StrandedGroup>();
  for (const { workflow, version, stranded } of runs) {
    if (!stranded) continue;
    const key = `${workflow}@${version}`;
    const before = groups.get(key)?.runs ?? 0;
    groups.set(key, { workflow, version, runs: before + 1 });
  }
  return [...groups.values()];
}
