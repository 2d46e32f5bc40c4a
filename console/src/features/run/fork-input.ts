/** The input of a fork as it is edited: as text where the workflow takes text, as JSON else. */
import { pretty, readJson } from "@/kit/json";
import { faultsOf, type Schema } from "@/kit/json-schema";
import { run } from "@/strings/run";

/** Whether a workflow takes text as it stands, without quotation marks. */
export function isText(schema: Schema | undefined): boolean {
  return schema?.type === "string";
}

export function writtenOf(input: unknown, schema: Schema | undefined): string {
  return isText(schema) && typeof input === "string" ? input : pretty(input);
}

export interface ReadInput {
  readonly value: unknown;
  readonly faults: readonly string[];
}

export function readInput(written: string, schema: Schema | undefined): ReadInput {
  const { value, fault } = isText(schema) ? { value: written } : readJson(written);
  if (fault !== undefined) return { value, faults: [run.actions.notJson(fault)] };
  return { value, faults: schema === undefined ? [] : faultsOf(value, schema) };
}

interface ForkBody {
  at?: string;
  input?: unknown;
}

/** What is asked for: a fork from the beginning has to have an input, and may have the same. */
export function forkBody(at: string | null, input: unknown, before: unknown): ForkBody {
  const isChanged = JSON.stringify(input) !== JSON.stringify(before);
  if (at === null) return { input };
  return isChanged ? { at, input } : { at };
}
