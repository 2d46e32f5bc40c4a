import { expect, it } from "vitest";
import { differencesOf } from "./differences";
import { BLANK, questionOf, REFUND, toolsOf } from "./question";
import { beforeOf } from "./rollback";
import { isSame } from "./use-draft";

it("an action is asked about with what was typed, and without what was left out", () => {
  expect(questionOf({ ...BLANK, tool: " pay " }).question).toEqual({
    action: {
      tool: "pay",
      principal: "person:anna",
      workflow: "workflow",
      arguments: {},
      facts: null,
      marks: [],
    },
  });
  const { question } = questionOf({
    ...REFUND,
    amount: "1.50",
    currency: "eur",
    confidence: "0.4",
    number: "3",
  });
  expect(question?.number).toBe(3);
  expect(question?.action.cost).toEqual({ amount: "1.50", currency: "EUR" });
  expect(question?.action.confidence).toBe(0.4);
  expect(question?.action.marks).toEqual(["untrusted"]);
});

it("nothing is asked while a field says nothing that can be read", () => {
  const { wrong, question } = questionOf({
    ...BLANK,
    arguments: "{",
    facts: "x",
    amount: "much",
    confidence: "2",
  });
  expect(Object.keys(wrong).sort()).toEqual(["amount", "arguments", "confidence", "facts"]);
  expect(question).toBeUndefined();
});

it("tools are those that the schema names, without groups of them", () => {
  const schema =
    'action "app:shop";\naction "pay_refund" in ["app:shop"] appliesTo {};\naction "look" in ["app:shop"];';
  expect(toolsOf(schema)).toEqual(["pay_refund", "look"]);
});

it("what differs is told by policies and by lines", () => {
  const rule = (id: string, effect: string) => `@id("${id}")\n${effect} (principal, action, resource);\n`;
  const before = {
    "a.cedar": rule("kept", "permit") + rule("gone", "forbid"),
    "b.tests.yaml": "tests: []\n",
  };
  const after = { "a.cedar": rule("kept", "forbid"), "c.cedar": rule("new", "permit") };
  expect(differencesOf(before, after)).toEqual({
    policies: [
      { id: "gone", kind: "removed" },
      { id: "kept", kind: "altered" },
      { id: "new", kind: "added" },
    ],
    files: [
      { name: "a.cedar", kind: "altered", added: 0, removed: 2 },
      { name: "b.tests.yaml", kind: "removed", added: 0, removed: 1 },
      { name: "c.cedar", kind: "added", added: 2, removed: 0 },
    ],
  });
  expect(differencesOf(after, after)).toEqual({ policies: [], files: [] });
});

it("a roll-back goes to what was active before the present version was activated last", () => {
  const changes = [
    { kind: "shadowed", before: null, after: 3 },
    { kind: "rolled_back", before: 2, after: 1 },
    { kind: "activated", before: 1, after: 2 },
    { kind: "activated", before: null, after: 1 },
  ] as const;
  expect(beforeOf(changes, 1)).toBeNull();
  expect(beforeOf(changes, 2)).toBe(1);
  expect(beforeOf(changes, 9)).toBeUndefined();
});

it("files are the same whatever their order", () => {
  expect(isSame({ a: "1", b: "2" }, { b: "2", a: "1" })).toBe(true);
  expect(isSame({ a: "1" }, { a: "1", b: "" })).toBe(false);
});
