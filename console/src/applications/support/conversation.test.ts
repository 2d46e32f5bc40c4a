import { expect, test } from "vitest";
import type { Entry } from "@/features/run/journal";
import { conversationOf, withoutSources } from "./conversation";

let seq = 0;

function entry(kind: string, key: string, payload: unknown): Entry {
  seq += 1;
  return { seq, kind, key, at: "2026-11-22T10:00:00Z", payload } as unknown as Entry;
}

const asks = (key: string, prompt: string, role: string) =>
  entry("asked", key, { kind: "question", prompt, role });

test("a run that has just begun has only what the customer wrote", () => {
  const { said, done, isVerified } = conversationOf([entry("submitted", "", "Where is it?")]);
  expect(said.map(({ by, text }) => [by, text])).toEqual([["customer", "Where is it?"]]);
  expect(done).toEqual([]);
  expect(isVerified).toBe(false);
});

test("each message is told by whom, with the sources of what the desk says", () => {
  const card = { agent: "answer", title: "Articles", outputs: { citations: ["Refunds", "Refunds"] } };
  const { said, summary } = conversationOf([
    entry("submitted", "", { text: "How long?" }),
    entry("emitted", "answer#0/emit#0", { card }),
    asks("ask:reply-1", "Two days. [1]\n[1] Refunds", "customer"),
    entry("answered", "ask:reply-1", { answer: "A person, please" }),
    entry("emitted", "emit#0", { card: { title: "Reply", decision: "I pass you on.", outputs: {} } }),
    entry("completed", "summary#0", { value: "A customer needs you" }),
    asks("ask:person-2", "A customer needs you", "support"),
    entry("answered", "ask:person-2", { answer: "Grace here" }),
    asks("ask:reply-3", "Grace here", "customer"),
  ]);
  expect(said.map(({ by, text, sources }) => [by, text, sources])).toEqual([
    ["customer", "How long?", []],
    ["desk", "Two days. [1]\n[1] Refunds", ["Refunds"]],
    ["customer", "A person, please", []],
    ["desk", "I pass you on.", []],
    ["person", "Grace here", []],
  ]);
  expect(summary).toBe("A customer needs you");
  expect(said.map(({ key, step }) => [key, step])).toEqual([
    ["", ""],
    ["ask:reply-1", "answer#0"],
    ["ask:reply-1", "ask:reply-1"],
    ["emit#0", "emit#0"],
    ["ask:reply-3", "ask:reply-3"],
  ]);
});

test("actions are told with what was decided and what came of them", () => {
  const { done, isVerified } = conversationOf([
    entry("dispatch", "find_customer_by_email#0", { decision: { verdict: "allow", reasons: ["Yes."] } }),
    entry("outcome", "find_customer_by_email#0", { result: { customer_id: "C1" } }),
    entry("asked", "refund_order#0/approval", { kind: "approval", role: "support_manager", prompt: "?" }),
    entry("dispatch", "read_order#0", { decision: { verdict: "allow" } }),
    entry("outcome", "read_order#0", { error: { code: "x" } }),
  ]);
  expect(done.map(({ tool, verdict, outcome }) => [tool, verdict, outcome])).toEqual([
    ["find_customer_by_email", "allow", "done"],
    ["refund_order", "require_approval", "asked"],
    ["read_order", "allow", "failed"],
  ]);
  expect(isVerified).toBe(true);
});

test("sources that a text tells itself are not told twice", () => {
  expect(withoutSources("Two days. [1]\n[1] Refunds\n\nMore?")).toBe("Two days. [1]\n\nMore?");
});
