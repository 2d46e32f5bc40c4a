/**
 * A run's journal as the console holds it: entries in order, each once, and what they add up to.
 *
 * Everything on the run's screen is read from here, so that a run that is watched live and one that ended
 * long ago look the same.
 */
import type { Schema } from "@/api/client";

export type Entry = Schema<"JournalEntry">;
export type Card = Schema<"ReasonCard">;
export type Status = Schema<"RunStatus">;
export type Progress = Schema<"Progress">;

export type StepState = "running" | "waiting" | "completed" | "failed" | "withdrawn";

export interface Step {
  /** The path of the step: branch, name and ordinal. */
  readonly key: string;
  /** Its last part without the ordinal: what it is called in the workflow. */
  readonly name: string;
  readonly verb: Verb;
  readonly state: StepState;
  readonly parent: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export type Verb = "call" | "act" | "ask" | "sleep" | "save" | "gather" | "other";

export interface CardAt {
  readonly seq: number;
  readonly at: string;
  readonly key: string;
  readonly card: Card;
}

/** What the entries add up to. A new object after each change, so that React sees it. */
export interface RunView {
  readonly entries: readonly Entry[];
  readonly lastSeq: number;
  readonly steps: ReadonlyMap<string, Step>;
  readonly cards: readonly CardAt[];
  readonly progress: Progress | null;
  readonly status: Status | null;
  /** What is being said while it is made, by the step that says it. */
  readonly deltas: ReadonlyMap<string, string>;
}

type Effect = readonly [Verb, StepState];

/** What an entry of each kind says of its step; kinds that are not here say nothing of one. */
const EFFECTS: Readonly<Record<string, Effect>> = {
  entered: ["call", "running"],
  started: ["call", "running"],
  completed: ["call", "completed"],
  failed: ["call", "failed"],
  gathered: ["gather", "running"],
  settled: ["gather", "failed"],
  asked: ["ask", "waiting"],
  answered: ["ask", "completed"],
  withdrawn: ["ask", "withdrawn"],
  expired: ["ask", "failed"],
  slept: ["sleep", "waiting"],
  woke: ["sleep", "completed"],
  saved: ["save", "completed"],
  dispatch: ["act", "running"],
  outcome: ["act", "completed"],
};

const STATUSES: Readonly<Record<string, Status>> = {
  submitted: "queued",
  run_retried: "queued",
  run_completed: "completed",
  run_continued: "completed",
  run_failed: "failed",
  run_cancelled: "cancelled",
};

const ORDINAL = /#\d+$/;

/** The path around a step; null where it stands in the workflow itself. */
export function parentOf(key: string): string | null {
  const end = key.lastIndexOf("/");
  return end < 0 ? null : key.slice(0, end);
}

/** What a step is called: the last part of its path without the ordinal and the verb before a colon. */
export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1).replace(ORDINAL, "");
}

/** Collects the entries of one run. `add` takes them in any order and any number of times. */
export class RunJournal {
  private readonly seen = new Set<number>();
  private readonly listeners = new Set<() => void>();
  private view: RunView = {
    entries: [],
    lastSeq: 0,
    steps: new Map(),
    cards: [],
    progress: null,
    status: null,
    deltas: new Map(),
  };

  /** The present view; the same object until something is added. */
  readonly snapshot = (): RunView => this.view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  add(arrived: readonly Entry[]): void {
    const fresh = arrived.filter((entry) => !this.seen.has(entry.seq) && this.seen.add(entry.seq));
    if (fresh.length === 0) return;
    fresh.sort((one, other) => one.seq - other.seq);
    const first = fresh[0] as Entry;
    const inOrder = first.seq > this.view.lastSeq;
    const entries = inOrder
      ? [...this.view.entries, ...fresh]
      : [...this.view.entries, ...fresh].sort((one, other) => one.seq - other.seq);
    this.view = inOrder ? extended(this.view, fresh, entries) : extended(EMPTY, entries, entries);
    this.tell();
  }

  /** A piece of an answer that is being made; the entry that ends its step takes its place. */
  say(step: string, offset: number, text: string): void {
    const deltas = new Map(this.view.deltas);
    deltas.set(step, (deltas.get(step) ?? "").slice(0, offset) + text);
    this.view = { ...this.view, deltas };
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

const EMPTY: RunView = new RunJournal().snapshot();

function extended(before: RunView, fresh: readonly Entry[], entries: readonly Entry[]): RunView {
  const steps = new Map(before.steps);
  const cards = [...before.cards];
  const deltas = new Map(before.deltas);
  let { progress, status } = before;
  for (const entry of fresh) {
    status = STATUSES[entry.kind] ?? (entry.key === "" ? status : "running");
    const emitted = entry.kind === "emitted" ? emittedBy(entry) : undefined;
    if (emitted?.card) cards.push({ seq: entry.seq, at: entry.at, key: entry.key, card: emitted.card });
    if (emitted?.progress) progress = emitted.progress;
    const effect = EFFECTS[entry.kind];
    if (effect === undefined) continue;
    steps.set(entry.key, changed(steps.get(entry.key), entry, effect));
    if (effect[1] !== "running") deltas.delete(entry.key);
  }
  const lastSeq = entries.at(-1)?.seq ?? 0;
  return { entries, lastSeq, steps, cards, progress, status, deltas };
}

function changed(step: Step | undefined, entry: Entry, [verb, state]: Effect): Step {
  const isOver = state !== "running" && state !== "waiting";
  const failed = entry.kind === "outcome" && isFailure(entry.payload);
  return {
    key: entry.key,
    name: step?.name ?? nameOf(entry.key),
    verb: step?.verb ?? verb,
    state: failed ? "failed" : state,
    parent: parentOf(entry.key),
    startedAt: step?.startedAt ?? entry.at,
    endedAt: isOver ? entry.at : null,
    firstSeq: step?.firstSeq ?? entry.seq,
    lastSeq: entry.seq,
  };
}

function isFailure(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && "error" in payload && payload.error !== null;
}

function emittedBy(entry: Entry): { card?: Card; progress?: Progress } | undefined {
  return entry.encoding === "json" && typeof entry.payload === "object" && entry.payload !== null
    ? (entry.payload as { card?: Card; progress?: Progress })
    : undefined;
}
