/** The design of a run, as far as it is made: of a run under way parts are missing. */
import type { Entry } from "@/features/run/journal";
import { answerOf, type Fields, fields, list, text, texts } from "../reading";
import type { Span } from "./spans";

export interface Constraint {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
  readonly confidence: number;
  readonly note: string;
  readonly span: Span | undefined;
}

export interface Component {
  readonly role: string;
  readonly id: string;
  readonly name: string;
  readonly why: string;
  readonly parameters: string;
}

export interface Line {
  readonly component: string;
  readonly resource: string;
  readonly description: string;
  readonly quantity: string;
  readonly unit: string;
  readonly unitPrice: string | null;
  /** USD a month, as a decimal; null where there is no price. */
  readonly monthly: string | null;
  readonly assumption: string;
}

export interface Bill {
  readonly lines: readonly Line[];
  readonly low: string;
  readonly expected: string;
  readonly high: string;
  readonly budget: string | null;
}

export interface Check {
  readonly critic: string;
  readonly id: string;
  readonly title: string;
  readonly verdict: string;
  readonly rule: string;
  readonly detail: string;
}

export interface Decision {
  readonly id: string;
  readonly title: string;
  readonly context: string;
  readonly decision: string;
  readonly alternatives: readonly { readonly name: string; readonly reason: string }[];
  readonly consequences: readonly string[];
}

export interface Design {
  readonly prompt: string;
  readonly constraints: readonly Constraint[];
  readonly place: string;
  readonly components: readonly Component[];
  readonly bill: Bill | undefined;
  readonly checks: readonly Check[];
  readonly decisions: readonly Decision[];
}

const CRITICS = ["tech_critic", "cost_critic", "policy_check"] as const;

export function designOf(entries: readonly Entry[]): Design {
  const plan = fields(answerOf(entries, "planner"));
  const read = fields(answerOf(entries, "questions") ?? answerOf(entries, "intake"));
  const requirements = fields(read.requirements ?? plan.requirements);
  return {
    prompt: text(requirements.prompt),
    constraints: Object.entries(requirements).flatMap(([name, value]) => constraintOf(name, fields(value))),
    place: [plan.workload, plan.cloud, plan.region].map(text).filter(Boolean).join(" · "),
    components: list(plan.choices).map(componentOf),
    bill: plan.bill === undefined ? undefined : billOf(fields(plan.bill)),
    checks: CRITICS.flatMap((critic) =>
      list(fields(answerOf(entries, critic)).checks).map((check) => checkOf(critic, check)),
    ),
    decisions: list(fields(answerOf(entries, "rationale")).decisions).map(decisionOf),
  };
}

function constraintOf(name: string, said: Fields): readonly Constraint[] {
  if (said.value === undefined || said.value === null) return [];
  const span = fields(said.span);
  const value = Array.isArray(said.value) ? said.value.map(String).join(", ") : shortened(said.value);
  const [start, end] = [span.start, span.end];
  return [
    {
      name: name.replaceAll("_", " "),
      value: [value, text(said.unit)].filter(Boolean).join(" "),
      origin: text(said.origin),
      confidence: typeof said.confidence === "number" ? said.confidence : 0,
      note: text(said.note),
      span: typeof start === "number" && typeof end === "number" ? { name, start, end } : undefined,
    },
  ];
}

/** A number with four digits that count, as people read it; anything else as it is. */
function shortened(value: unknown): string {
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
}

function componentOf(choice: Fields): Component {
  const parameters = Object.entries(fields(choice.parameters));
  return {
    role: text(choice.role),
    id: text(choice.component),
    name: text(choice.name),
    why: text(choice.why),
    parameters: parameters.map(([name, value]) => `${name} ${String(value)}`).join(", "),
  };
}

function billOf(bill: Fields): Bill {
  return {
    lines: list(bill.lines).map((line) => ({
      component: text(line.component),
      resource: text(line.resource),
      description: text(line.description),
      quantity: text(line.quantity),
      unit: text(line.unit),
      unitPrice: text(line.unit_price) || null,
      monthly: text(line.monthly) || null,
      assumption: text(line.assumption),
    })),
    low: text(bill.low),
    expected: text(bill.expected),
    high: text(bill.high),
    budget: text(bill.budget_usd) || null,
  };
}

function checkOf(critic: string, check: Fields): Check {
  const [id, title, verdict] = [check.id, check.title, check.verdict].map(text);
  return {
    critic,
    id: id ?? "",
    title: title ?? "",
    verdict: verdict ?? "",
    rule: text(check.rule),
    detail: text(check.detail),
  };
}

function decisionOf(record: Fields): Decision {
  return {
    id: text(record.id),
    title: text(record.title),
    context: text(record.context),
    decision: text(record.decision),
    alternatives: list(record.alternatives).map(({ name, reason }) => ({
      name: text(name),
      reason: text(reason),
    })),
    consequences: texts(record.consequences),
  };
}

export interface Subtotal {
  readonly component: string;
  readonly monthly: number;
  readonly lines: readonly Line[];
  /** How many lines have no price, and come on top. */
  readonly unknown: number;
}

/** What each component costs a month, the dearest first; a line without a price is counted, never as nothing. */
export function subtotals(lines: readonly Line[]): readonly Subtotal[] {
  const grouped = new Map<string, Line[]>();
  for (const line of lines) grouped.set(line.component, [...(grouped.get(line.component) ?? []), line]);
  return [...grouped]
    .map(([component, own]) => ({
      component,
      lines: own,
      monthly: own.reduce((sum, { monthly }) => sum + Number(monthly ?? 0), 0),
      unknown: own.filter(({ monthly }) => monthly === null).length,
    }))
    .sort((one, other) => other.monthly - one.monthly);
}
