/** Journals for tests: entries a second apart, unless they say otherwise. */
import { type Entry, RunJournal, type RunView } from "../journal";
import { type Outline, outlineOf } from "./outline";

export const START = Date.parse("2026-01-01T00:00:00Z");

/** An entry without what does not matter; `second` is when it was written, after the start. */
export interface Sketch {
  readonly kind?: string;
  readonly key?: string;
  readonly payload?: unknown;
  readonly encoding?: Entry["encoding"];
  readonly second?: number;
}

export function entriesFrom(sketches: readonly Sketch[]): Entry[] {
  return sketches.map(
    ({ kind = "completed", key = "", payload, encoding, second }, place) =>
      ({
        seq: place + 1,
        kind,
        key,
        at: new Date(START + (second ?? place) * 1000).toISOString(),
        encoding: encoding ?? (payload === undefined ? "none" : "json"),
        payload,
      }) as Entry,
  );
}

export function viewFrom(sketches: readonly Sketch[]): RunView {
  const journal = new RunJournal();
  journal.add(entriesFrom(sketches));
  return journal.snapshot();
}

export function outlineFrom(sketches: readonly Sketch[]): Outline {
  return outlineOf(viewFrom(sketches));
}
