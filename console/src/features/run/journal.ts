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
/** A piece of what a step answers, while it is made. */
export type Piece = Schema<"TextDelta">;

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

/** What a workflow has said of how far it is. */
export interface MessageAt {
  readonly seq: number;
  readonly at: string;
  readonly message: string;
}

/** What the entries add up to. A new object after each change, so that React sees it. */
export interface RunView {
  readonly entries: readonly Entry[];
  readonly lastSeq: number;
  readonly steps: ReadonlyMap<string, Step>;
  readonly cards: readonly CardAt[];
  readonly messages: readonly MessageAt[];
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
  forked: "queued",
  run_retried: "queued",
  run_completed: "completed",
  run_continued: "completed",
  run_failed: "failed",
  run_cancelled: "cancelled",
};

const EMPTY: RunView = {
  entries: [],
  lastSeq: 0,
  steps: new Map(),
  cards: [],
  messages: [],
  progress: null,
  status: null,
  deltas: new Map(),
};

const ORDINAL = /#\d+$/;

/** The path around a step; null where it stands in the workflow itself. */
export function parentOf(key: string): string | null {
  const end = key.lastIndexOf("/");
  return end < 0 ? null : key.slice(0, end);
}

/** What a step is called: the last part of its path without the ordinal. */
export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1).replace(ORDINAL, "");
}

/** Collects the entries of one run. `add` takes them in any order and any number of times. */
export class RunJournal {
  private readonly seen = new Set<number>();
  /** How many characters of each answer were heard, counted as the server does: by code points. */
  private readonly heard = new Map<string, number>();
  private readonly listeners = new Set<() => void>();
  private view: RunView = EMPTY;

  /** The present view; the same object until something is added. */
  readonly snapshot = (): RunView => this.view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Take entries, and pieces of answers that are being made; the entry that ends a step ends its answer. */
  add(arrived: readonly Entry[], pieces: readonly Piece[] = []): void {
    const before = this.view;
    const fresh = arrived.filter((entry) => !this.seen.has(entry.seq) && this.seen.add(entry.seq));
    if (fresh.length > 0) this.view = this.with(fresh);
    for (const piece of pieces) this.say(piece);
    if (this.view !== before) this.tell();
  }

  /** Put entries whose payload has become known in the place of those that were without it. */
  amend(known: readonly Entry[]): void {
    const better = new Map(known.map((entry) => [entry.seq, entry]));
    const entries = this.view.entries.map((entry) => better.get(entry.seq) ?? entry);
    this.view = { ...extended(EMPTY, entries, entries), deltas: this.view.deltas };
    this.tell();
  }

  private with(fresh: Entry[]): RunView {
    fresh.sort((one, other) => one.seq - other.seq);
    const inOrder = (fresh[0]?.seq ?? 0) > this.view.lastSeq;
    const entries = [...this.view.entries, ...fresh];
    if (inOrder) return extended(this.view, fresh, entries);
    entries.sort((one, other) => one.seq - other.seq);
    return { ...extended(EMPTY, entries, entries), deltas: this.view.deltas };
  }

  private say({ step, offset, text }: Piece): void {
    if (isOver(this.view.steps, step)) return;
    const before = this.view.deltas.get(step) ?? "";
    const count = before === "" ? 0 : (this.heard.get(step) ?? 0);
    const kept = offset < count ? Array.from(before).slice(0, offset).join("") : before;
    const gap = offset > count ? GAP : "";
    this.heard.set(step, offset + Array.from(text).length);
    this.view = { ...this.view, deltas: new Map(this.view.deltas).set(step, kept + gap + text) };
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** Stands where pieces of an answer were not heard: while one is made they are told once, and not kept. */
export const GAP = "\u2026";

/** A step that is complete, or within one that is, has nothing more to say. */
function isOver(steps: ReadonlyMap<string, Step>, key: string): boolean {
  for (let at: string | null = key; at !== null; at = parentOf(at)) {
    if (steps.get(at)?.state === "completed") return true;
  }
  return false;
}

function extended(before: RunView, fresh: readonly Entry[], entries: readonly Entry[]): RunView {
  const steps = new Map(before.steps);
  const said = { cards: [...before.cards], messages: [...before.messages], progress: before.progress };
  let { deltas, status } = before;
  for (const entry of fresh) {
    status = STATUSES[entry.kind] ?? (entry.key === "" ? status : "running");
    if (entry.kind === "emitted") hear(said, entry);
    const effect = EFFECTS[entry.kind];
    if (effect === undefined) continue;
    steps.set(entry.key, changed(steps.get(entry.key), entry, effect));
    if (effect[1] !== "running") deltas = silenced(deltas, entry.key);
  }
  return { entries, lastSeq: entries.at(-1)?.seq ?? 0, steps, ...said, status, deltas };
}

interface Said {
  cards: CardAt[];
  messages: MessageAt[];
  progress: Progress | null;
}

function hear(said: Said, entry: Entry): void {
  const { seq, at, key } = entry;
  const { card, progress } = emittedBy(entry) ?? {};
  if (card) said.cards.push({ seq, at, key, card });
  if (!progress) return;
  said.progress = progress;
  if (progress.message) said.messages.push({ seq, at, message: progress.message });
}

/** What is being said without what a step, and all within it, says. */
function silenced(deltas: ReadonlyMap<string, string>, key: string): ReadonlyMap<string, string> {
  const ended = [...deltas.keys()].filter((step) => step === key || step.startsWith(`${key}/`));
  if (ended.length === 0) return deltas;
  return new Map([...deltas].filter(([step]) => !ended.includes(step)));
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

/** Whether an outcome tells of a failure: it holds that, or the action's value. */
function isFailure(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && "failure" in payload;
}

function emittedBy(entry: Entry): { card?: Card; progress?: Progress } | undefined {
  return entry.encoding === "json" && typeof entry.payload === "object" && entry.payload !== null
    ? (entry.payload as { card?: Card; progress?: Progress })
    : undefined;
}
