/** A run's journal as lines that a person reads in order: what it said, asked, decided and failed at. */
import { inspect } from "@/strings/inspect";
import { type Entry, nameOf, parentOf } from "../journal";
import { failureOf } from "./outline";

const text = inspect.says;

export type Level = "info" | "warning" | "error";

export interface Line {
  readonly seq: number;
  readonly at: string;
  readonly level: Level;
  /** The step that says it; empty for the run itself. */
  readonly step: string;
  readonly text: string;
}

type Said = Readonly<Record<string, unknown>>;
type Told = readonly [Level, string];

const PLAIN: Readonly<Record<string, Told>> = {
  submitted: ["info", text.submitted],
  settled: ["warning", text.leftBehind],
  withdrawn: ["warning", text.withdrawn],
  woke: ["info", text.woke],
  cancel_requested: ["warning", text.cancelRequested],
  run_retried: ["warning", text.retried],
  run_lost: ["warning", text.lost],
  run_completed: ["info", text.runCompleted],
  run_cancelled: ["warning", text.runCancelled],
  run_continued: ["info", text.runContinued],
  forked: ["info", text.forked],
  moved: ["info", text.moved],
};

/** The lines of a journal. An entry that tells nothing to people has none, and one with failed rungs several. */
export function linesOf(entries: readonly Entry[]): Line[] {
  const failures = new Map<string, number>();
  const failed = new Set<string>();
  const lines: Line[] = [];
  for (const entry of entries) {
    const step = entry.kind === "emitted" ? (parentOf(entry.key) ?? "") : entry.key;
    const say = ([level, said]: Told) =>
      lines.push({ seq: entry.seq, at: entry.at, level, step, text: said });
    const before = failures.get(entry.key) ?? 0;
    if (BEGINS.has(entry.kind) && failed.delete(entry.key)) say(["warning", text.again(before + 1)]);
    for (const told of toldBy(entry)) say(told);
    if (entry.kind !== "failed") continue;
    failures.set(entry.key, before + 1);
    failed.add(entry.key);
  }
  return lines;
}

const BEGINS = new Set(["entered", "completed"]);

function toldBy(entry: Entry): readonly Told[] {
  if (entry.encoding === "unreadable") return [["warning", text.unreadable]];
  const plain = PLAIN[entry.kind];
  if (plain) return [plain];
  const failure = failureOf(entry);
  if (failure) return [["error", text.failed(failure.code, failure.message)]];
  const said = entry.encoding === "json" ? asObject(entry.payload) : {};
  return SPOKEN[entry.kind]?.(said, entry) ?? [];
}

const SPOKEN: Readonly<Record<string, (said: Said, entry: Entry) => readonly Told[]>> = {
  emitted,
  completed: (said) => [...fallen(said), ["info", text.completed(asText(said.produced_by))]],
  failed: () => [["error", text.failed("", "")]],
  expired: () => [["warning", text.expired]],
  gathered: ({ branches }) =>
    typeof branches === "number" && branches > 0 ? [["info", text.branches(branches)]] : [],
  asked: ({ prompt, action }) => [["info", text.asked(asText(prompt) || asText(asObject(action).tool))]],
  answered: ({ answer, by }) => [["info", text.answered(asText(answer), asText(by))]],
  slept: ({ wake_at }) => [["info", text.slept(asText(wake_at))]],
  saved: ({ name }) => [["info", text.saved(asText(name))]],
  dispatch: ({ decision }, { key }) => [
    ["info", text.dispatched(nameOf(key), asText(asObject(decision).verdict))],
  ],
  outcome: () => [["info", text.acted]],
};

function emitted({ progress, card }: Said): readonly Told[] {
  const told: Told[] = [];
  if (progress) {
    const { message, done, total } = asObject(progress);
    told.push(["info", text.progress(asText(message), Number(done), Number(total))]);
  }
  if (card) {
    const said = asObject(card);
    const confidence = Number(said.confidence ?? 1);
    told.push(...fallen(said));
    const level = confidence < 0.5 ? "warning" : "info";
    told.push([level, text.decided(asText(said.decision), Math.round(confidence * 100))]);
  }
  return told;
}

/** The rungs that were tried before, each with its reason. */
function fallen({ failed }: Said): readonly Told[] {
  if (!Array.isArray(failed)) return [];
  return failed.map((each) => {
    const [rung, why] = Array.isArray(each) ? each : [each, ""];
    return ["warning", text.fellBack(asText(rung), asText(why))] as const;
  });
}

function asObject(value: unknown): Said {
  return typeof value === "object" && value !== null ? (value as Said) : {};
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

export type Wanted = Level | "all";
const RANK: Readonly<Record<Wanted, number>> = { all: 0, info: 0, warning: 1, error: 2 };

/** Lines of at least a level that have a text in them. */
export function selected(lines: readonly Line[], level: Wanted, wanted: string): readonly Line[] {
  const sought = wanted.trim().toLowerCase();
  return lines.filter(
    (line) =>
      RANK[line.level] >= RANK[level] &&
      (sought === "" || line.text.toLowerCase().includes(sought) || line.step.toLowerCase().includes(sought)),
  );
}

/** A line as it is copied. */
export function written({ at, level, step, text: said }: Line): string {
  return `${at} ${level.toUpperCase().padEnd(7)} ${step || "-"} ${said}`;
}
