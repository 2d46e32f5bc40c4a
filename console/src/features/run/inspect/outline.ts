/**
 * The steps of a run as a tree with times, read from its journal. Graph, timeline and comparison show it.
 *
 * The journal says when something was committed. A step's beginning is journalled only where it takes a while;
 * else it is taken from what ended before it in its branch, as the server does for traces, and said to be inexact.
 */
import { type Entry, parentOf, type RunView, type Step, type StepState, type Verb } from "../journal";

/** Milliseconds that a step has taken already when its beginning is journalled. */
const SHOWN_AFTER = 50;

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | null;
  readonly retryable?: boolean;
}

export interface Part {
  readonly key: string;
  readonly name: string;
  readonly verb: Verb;
  readonly state: StepState;
  /** The innermost step around it; null where it stands in the workflow itself. */
  readonly parent: string | null;
  /** The branch of the gather around it. */
  readonly arm: number | null;
  readonly depth: number;
  /** Milliseconds since the epoch, of the last attempt. */
  readonly begin: number;
  readonly end: number | null;
  /** Whether the journal itself says when it began. */
  readonly exact: boolean;
  readonly attempts: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly failure: Failure | null;
}

export interface Outline {
  /** A step stands before what is in it, and after what began before it. */
  readonly parts: readonly Part[];
  readonly byKey: ReadonlyMap<string, Part>;
  readonly children: ReadonlyMap<string | null, readonly Part[]>;
  /** When the run was submitted, and when its journal was last written. */
  readonly origin: number;
  readonly last: number;
  readonly isOver: boolean;
}

const ENDS = new Set([
  "completed",
  "failed",
  "outcome",
  "saved",
  "answered",
  "withdrawn",
  "expired",
  "woke",
  "settled",
]);
const BEGINS = new Set(["entered", "started"]);
const OPENS = new Set(["asked", "slept"]);
const FINAL = new Set<string | null>(["completed", "failed", "cancelled"]);

interface Times {
  begin: number;
  end: number | null;
  exact: boolean;
  attempts: number;
  failure: Failure | null;
}

/** What an entry says of a failure, if it tells of one. */
export function failureOf(entry: Entry): Failure | null {
  if (entry.encoding !== "json" || typeof entry.payload !== "object" || entry.payload === null) return null;
  const said = entry.payload as Record<string, unknown>;
  if (entry.kind === "outcome") return asFailure(said.failure ?? said.error);
  return entry.kind === "failed" || entry.kind === "expired" || entry.kind === "run_failed"
    ? asFailure(said.failure ?? said)
    : null;
}

function asFailure(value: unknown): Failure | null {
  if (typeof value !== "object" || value === null) return null;
  const { code, message, hint, retryable } = value as Record<string, unknown>;
  if (typeof code !== "string" && typeof message !== "string") return null;
  return {
    code: String(code ?? ""),
    message: String(message ?? ""),
    hint: typeof hint === "string" ? hint : null,
    retryable: retryable === true,
  };
}

/** The innermost step around a key; between the two may stand the number of a branch. */
export function scopeOf(key: string, steps: { has: (key: string) => boolean }): string | null {
  let around = parentOf(key);
  while (around !== null && !steps.has(around)) around = parentOf(around);
  return around;
}

/** The branch in which a step of a gather stands. */
function armOf(key: string, scope: string | null): number | null {
  if (scope === null) return null;
  const [first, next] = key.slice(scope.length + 1).split("/", 2);
  return next !== undefined && /^\d+$/.test(first ?? "") ? Number(first) : null;
}

export function outlineOf(view: RunView): Outline {
  const times = timesOf(view.entries);
  const isOver = FINAL.has(view.status);
  const children = new Map<string | null, Part[]>();
  const byKey = new Map<string, Part>();
  for (const step of view.steps.values()) {
    const scope = scopeOf(step.key, view.steps);
    const found = times.get(step.key);
    const part: Part = {
      key: step.key,
      name: step.name,
      verb: step.verb,
      state: found?.failure ? "failed" : step.state,
      parent: scope,
      arm: armOf(step.key, scope),
      depth: 0,
      begin: found?.begin ?? Date.parse(step.startedAt),
      end: found?.end ?? null,
      exact: found?.exact ?? false,
      attempts: found?.attempts ?? 1,
      firstSeq: step.firstSeq,
      lastSeq: step.lastSeq,
      failure: found?.failure ?? null,
    };
    const siblings = children.get(scope);
    if (siblings) siblings.push(part);
    else children.set(scope, [part]);
  }
  const latest = view.entries.at(-1);
  const last = latest ? Date.parse(latest.at) : 0;
  const parts: Part[] = [];
  const settle = (scope: string | null, depth: number) => {
    const within = children.get(scope) ?? [];
    within.sort((one, other) => one.firstSeq - other.firstSeq);
    within.forEach((part, place) => {
      const before = parts.length;
      parts.push(part);
      settle(part.key, depth + 1);
      const below = parts.slice(before + 1);
      const next = within.slice(place + 1).some((other) => other.arm === part.arm);
      const done = concluded({ ...part, depth }, below, { isOver, next, last });
      parts[before] = within[place] = done;
      byKey.set(done.key, done);
    });
  };
  settle(null, 0);
  const first = view.entries[0];
  return { parts, byKey, children, origin: first ? Date.parse(first.at) : 0, last, isOver };
}

interface Around {
  readonly isOver: boolean;
  /** Whether the same branch has gone on to another step. */
  readonly next: boolean;
  readonly last: number;
}

/** A gather's end is not journalled, and neither is that of what an ended run has left behind. */
function concluded(part: Part, below: readonly Part[], { isOver, next, last }: Around): Part {
  if (part.end !== null) return part;
  if (part.verb === "gather") return gathered(part, below, isOver || next);
  if (isOver) return { ...part, state: "withdrawn", end: last };
  const open = below.filter(({ end }) => end === null);
  const waits = open.length > 0 && open.every(({ state }) => state === "waiting");
  return waits && part.state === "running" ? { ...part, state: "waiting" } : part;
}

function gathered(part: Part, below: readonly Part[], isLeft: boolean): Part {
  const open = below.filter(({ end }) => end === null);
  if (isLeft) {
    const end = below.reduce((latest, each) => Math.max(latest, each.end ?? 0), part.begin);
    return { ...part, state: open.length > 0 ? "withdrawn" : "completed", end };
  }
  const waits = open.length > 0 && open.every(({ state }) => state === "waiting");
  return { ...part, state: waits ? "waiting" : "running" };
}

function tellsOfStep({ key, kind }: Entry): boolean {
  return key !== "" && kind !== "emitted";
}

/** When each step began and ended. */
function timesOf(entries: readonly Entry[]): Map<string, Times> {
  const found = new Map<string, Times>();
  /** When something last ended in each branch, which is when what follows there began. */
  const cursor = new Map<string, number>();
  let floor = 0;
  for (const entry of entries) {
    const at = Date.parse(entry.at);
    if (entry.kind === "submitted" || entry.kind === "run_retried") floor = at;
    if (!tellsOfStep(entry)) continue;
    const step = begun(found, entry, at, Math.max(before(cursor, entry.key), floor));
    if (entry.kind === "gathered") settleArms(cursor, entry, at);
    if (BEGINS.has(entry.kind)) cursor.set(entry.key, Math.max(step.begin, cursor.get(entry.key) ?? 0));
    if (!ENDS.has(entry.kind)) continue;
    step.end = at;
    step.failure = failureOf(entry);
    for (const around of scopes(entry.key)) cursor.set(around, at);
  }
  return found;
}

/** The branches that a key lies in, from the innermost to the workflow itself. */
function scopes(key: string): string[] {
  const found: string[] = [];
  for (let around = parentOf(key); around !== null; around = parentOf(around)) found.push(around);
  return [...found, ""];
}

function begun(found: Map<string, Times>, entry: Entry, at: number, since: number): Times {
  let step = found.get(entry.key);
  if (step === undefined || (step.end !== null && !ENDS.has(entry.kind))) {
    const attempts = (step?.attempts ?? 0) + 1;
    const isExact = OPENS.has(entry.kind) || entry.kind === "gathered";
    step = { begin: isExact ? at : Math.min(since, at), end: null, exact: isExact, attempts, failure: null };
    found.set(entry.key, step);
  }
  if (entry.kind === "started") {
    step.begin = Math.max(Math.min(since, at), at - SHOWN_AFTER);
    step.exact = true;
  }
  return step;
}

function settleArms(cursor: Map<string, number>, entry: Entry, at: number): void {
  const payload = entry.payload as { branches?: unknown } | null | undefined;
  const branches = typeof payload?.branches === "number" ? payload.branches : 0;
  for (let arm = 0; arm < branches; arm += 1) cursor.set(`${entry.key}/${arm}`, at);
}

function before(cursor: ReadonlyMap<string, number>, key: string): number {
  const known = scopes(key).find((around) => cursor.has(around));
  return known === undefined ? 0 : (cursor.get(known) ?? 0);
}

/** The entries that tell of a step itself, what it emitted included. */
export function entriesOf(view: RunView, step: Pick<Step, "key">): readonly Entry[] {
  const said = `${step.key}/emit#`;
  return view.entries.filter(({ key }) => key === step.key || key.startsWith(said));
}

/** Milliseconds that a step has taken, or has taken until now. */
export function takenBy(part: Pick<Part, "begin" | "end">, now: number): number {
  return Math.max(0, (part.end ?? now) - part.begin);
}
