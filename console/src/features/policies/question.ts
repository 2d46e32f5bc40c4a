/** The form of an action to explain, and what the API is asked by it. */
import type { Schema } from "@/api/client";
import { pretty, readJson } from "@/kit/json";
import { policies } from "@/strings/policies";

const text = policies.explain;

export const MARKS = ["untrusted", "personal", "injection"] as const satisfies readonly Schema<"Mark">[];

export interface Typed {
  readonly tool: string;
  readonly principal: string;
  readonly workflow: string;
  readonly arguments: string;
  readonly facts: string;
  readonly amount: string;
  readonly currency: string;
  readonly confidence: string;
  readonly marks: readonly string[];
  /** "" is the active version. */
  readonly number: string;
}

export const BLANK: Typed = {
  tool: "",
  principal: "person:anna",
  workflow: "workflow",
  arguments: "{}",
  facts: "",
  amount: "",
  currency: "EUR",
  confidence: "",
  marks: [],
  number: "",
};

/** A refund of the shipped support desk that rests on what a customer wrote. */
export const REFUND: Typed = {
  ...BLANK,
  tool: "refund_order",
  workflow: "support",
  arguments: pretty({
    order_id: "H-1",
    version: 1,
    amount: { amount: "120.00", currency: "EUR" },
    payment_method_id: "card-1",
    reason: "damaged",
  }),
  facts: pretty({
    session: { customer_id: "C1", confirmed: true, misses: 0, email_suffices: true },
    order: {
      order_id: "H-1",
      customer_id: "C1",
      status: "delivered",
      version: 1,
      currency: "EUR",
      paid_with: ["card-1"],
      paid_cents: 25000,
      payments: 1,
      refunds: 0,
    },
    payment: { payment_method_id: "card-1", kind: "credit_card", balance_cents: 0 },
  }),
  marks: ["untrusted"],
};

export type Wrong = Partial<Record<keyof Typed, string>>;

/** What the fields say as the API takes it, or what is wrong with them. */
export function questionOf(typed: Typed): { wrong: Wrong; question?: Schema<"ToExplain"> } {
  const wrong: Wrong = {};
  const given = readJson(typed.arguments || "{}");
  const facts = readJson(typed.facts || "null");
  if (given.fault !== undefined) wrong.arguments = text.noJson;
  if (facts.fault !== undefined) wrong.facts = text.noJson;
  const amount = typed.amount.trim();
  if (amount !== "" && !/^-?\d+(\.\d+)?$/.test(amount)) wrong.amount = text.noAmount;
  const confidence = Number(typed.confidence);
  if (!(confidence >= 0 && confidence <= 1)) wrong.confidence = text.noConfidence;
  if (Object.keys(wrong).length > 0) return { wrong };
  const action = {
    tool: typed.tool.trim(),
    principal: typed.principal.trim(),
    workflow: typed.workflow.trim(),
    arguments: given.value,
    facts: facts.value,
    marks: MARKS.filter((mark) => typed.marks.includes(mark)),
    ...(amount === "" ? {} : { cost: { amount, currency: typed.currency.trim().toUpperCase() } }),
    ...(typed.confidence.trim() === "" ? {} : { confidence }),
  };
  const number = typed.number === "" ? {} : { number: Number(typed.number) };
  return { wrong, question: { action, ...number } as Schema<"ToExplain"> };
}

/** The tools that the schema of policies speaks of. */
export function toolsOf(schema: string): string[] {
  return [...schema.matchAll(/^action "([^":]+)" in/gm)].flatMap(([, name]) => name ?? []);
}
