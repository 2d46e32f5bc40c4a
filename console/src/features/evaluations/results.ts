/** A file that `pilothouse eval --save` has written: read, checked, and what it tells of each version. */
import { readJson } from "@/kit/json";
import { evaluations as text } from "@/strings/evaluations";
import { agreement, percentile, signTest, wilson } from "./statistics";

export interface Mark {
  readonly check: string;
  readonly value: number;
  readonly why: string;
  readonly tokens: number;
  readonly cost: number;
}

export interface Trial {
  readonly case: string;
  readonly output: unknown;
  readonly failure: string;
  readonly tokens: number;
  readonly cost: number;
  readonly latency: number;
  readonly marks: readonly Mark[];
  readonly passed: boolean;
}

export interface Sheet {
  readonly version: string;
  readonly model: string;
  readonly trials: readonly Trial[];
}

export interface Results {
  readonly complete: boolean;
  /** A digest of each case by its id: what was asked and expected. */
  readonly cases: Readonly<Record<string, string>>;
  readonly sheets: readonly Sheet[];
}

export interface Standing {
  readonly sheet: Sheet;
  readonly cases: number;
  readonly repeats: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
  readonly failures: number;
  readonly leftOut: number;
  readonly agreement: number | null;
  readonly checks: Readonly<Record<string, number>>;
  readonly tokens: number;
  readonly cost: number;
  readonly p50: number;
  readonly p95: number;
}

export interface Difference {
  readonly version: string;
  readonly against: string;
  readonly onlyThis: number;
  readonly onlyOther: number;
  readonly cases: number;
  readonly chance: number;
  readonly verdict: "better" | "worse" | "same";
}

/** What a trial that was not asked has failed with: all was spent. */
const OVER = "not asked: what the evaluation may cost is spent";
/** From this mark on a check is passed. */
export const PASSES = 0.5;
/** A difference less likely than this by chance is called one. */
const ALPHA = 0.05;

type Loose = Readonly<Record<string, unknown>>;

/** Read a file; throws an error that says what is wrong with it. */
export function readResults(file: string): Results {
  const { value, fault } = readJson(file);
  if (fault !== undefined) throw new Error(text.notResults(text.faults.json));
  const found = value as Loose | null;
  if (found?.format !== 1) throw new Error(text.notResults(text.faults.format));
  if (!Array.isArray(found.sheets)) throw new Error(text.notResults(text.faults.sheets));
  try {
    return {
      complete: found.complete === true,
      cases: (found.cases ?? {}) as Record<string, string>,
      sheets: found.sheets.map((sheet: { version: string; model: string; trials: readonly RawTrial[] }) => ({
        version: sheet.version,
        model: sheet.model,
        trials: sheet.trials.map(trialOf),
      })),
    };
  } catch {
    throw new Error(text.notResults(text.faults.trial));
  }
}

interface RawTrial {
  readonly case: string;
  readonly reply: {
    readonly output: unknown;
    readonly failure: string;
    readonly tokens: number;
    readonly cost: string;
    readonly latency_ms: number;
  };
  /** Check, value, why, votes, tokens, cost. */
  readonly marks: readonly (readonly [string, number, string, readonly number[], number, string])[];
}

function trialOf({ case: id, reply, marks: raw }: RawTrial): Trial {
  const marks = raw.map(([check, value, why, , tokens, cost]) => ({
    check,
    value,
    why,
    tokens,
    cost: Number(cost),
  }));
  return {
    case: id,
    output: reply.output,
    failure: reply.failure,
    tokens: reply.tokens,
    cost: Number(reply.cost),
    latency: reply.latency_ms,
    marks,
    passed: reply.failure === "" && marks.every(({ value }) => value >= PASSES),
  };
}

export function nameOf({ version, model }: Sheet): string {
  return text.withModel(version, model);
}

export function askedOf(sheet: Sheet): Trial[] {
  return sheet.trials.filter(({ failure }) => failure !== OVER);
}

/** How one version did. */
export function standingOf(sheet: Sheet): Standing {
  const asked = askedOf(sheet);
  const repeats = [...byCase(asked).values()].map((trials) => trials.map(({ passed }) => passed));
  const passed = asked.filter((trial) => trial.passed).length;
  const [low, high] = wilson(passed, asked.length);
  const marks = asked.flatMap((trial) => trial.marks);
  const latencies = asked.map(({ latency }) => latency);
  return {
    sheet,
    cases: repeats.length,
    repeats: Math.max(0, ...repeats.map(({ length }) => length)),
    share: asked.length === 0 ? 0 : passed / asked.length,
    low,
    high,
    failures: asked.filter(({ failure }) => failure !== "").length,
    leftOut: sheet.trials.length - asked.length,
    agreement: agreement(repeats),
    checks: meansOf(marks),
    tokens: sum(asked, "tokens") + sum(marks, "tokens"),
    cost: sum(asked, "cost") + sum(marks, "cost"),
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
  };
}

function sum<Name extends string>(all: readonly Readonly<Record<Name, number>>[], name: Name): number {
  return all.reduce((total, one) => total + one[name], 0);
}

function meansOf(marks: readonly Mark[]): Record<string, number> {
  const names = [...new Set(marks.map(({ check }) => check))].sort();
  const meanOf = (name: string) => {
    const own = marks.filter(({ check }) => check === name);
    return sum(own, "value") / own.length;
  };
  return Object.fromEntries(names.map((name) => [name, meanOf(name)]));
}

function byCase(trials: readonly Trial[]): ReadonlyMap<string, readonly Trial[]> {
  const cases = new Map<string, Trial[]>();
  for (const trial of trials) {
    const own = cases.get(trial.case);
    if (own) own.push(trial);
    else cases.set(trial.case, [trial]);
  }
  return cases;
}

/** How a version differs from another: a case counts as passed where most of its repeats are. */
export function differenceOf(sheet: Sheet, other: Sheet): Omit<Difference, "version" | "against"> {
  const [ours, theirs] = [majoritiesOf(sheet), majoritiesOf(other)];
  const both = [...ours.keys()].filter((id) => theirs.has(id));
  const onlyThis = both.filter((id) => ours.get(id) && !theirs.get(id)).length;
  const onlyOther = both.filter((id) => theirs.get(id) && !ours.get(id)).length;
  const chance = signTest(onlyThis, onlyOther);
  const shown = onlyThis > onlyOther ? "better" : "worse";
  return { onlyThis, onlyOther, cases: both.length, chance, verdict: chance < ALPHA ? shown : "same" };
}

function majoritiesOf(sheet: Sheet): ReadonlyMap<string, boolean> {
  const cases = [...byCase(askedOf(sheet))];
  return new Map(
    cases.map(([id, trials]) => [id, 2 * trials.filter(({ passed }) => passed).length > trials.length]),
  );
}

/** How each other version differs from the first one of the same file. */
export function differencesWithin({ sheets }: Results): Difference[] {
  const [first, ...others] = sheets;
  if (!first) return [];
  return others.map((sheet) => ({
    version: nameOf(sheet),
    against: nameOf(first),
    ...differenceOf(sheet, first),
  }));
}

/** The ids of the cases that ask and expect the same in both. */
export function sameCases(before: Results, after: Results): ReadonlySet<string> {
  return new Set(Object.keys(after.cases).filter((id) => before.cases[id] === after.cases[id]));
}

/** How each version differs from the same one of results before, on the cases that are the same. */
export function changesBetween(before: Results, after: Results): Difference[] {
  const same = sameCases(before, after);
  const only = (sheet: Sheet) => ({ ...sheet, trials: sheet.trials.filter((trial) => same.has(trial.case)) });
  return after.sheets.flatMap((sheet) => {
    const other = counterpart(sheet, before, after);
    if (!other) return [];
    const names = { version: text.after(nameOf(sheet)), against: text.before(nameOf(other)) };
    return [{ ...names, ...differenceOf(only(sheet), only(other)) }];
  });
}

/** Of that name with that model; else of that name; else the only one there is. */
function counterpart(sheet: Sheet, before: Results, after: Results): Sheet | undefined {
  const named = before.sheets.filter(({ version }) => version === sheet.version);
  const exact = named.find(({ model }) => model === sheet.model);
  if (exact) return exact;
  if (named.length === 1) return named[0];
  return before.sheets.length === 1 && after.sheets.length === 1 ? before.sheets[0] : undefined;
}
