import { expect, test } from "vitest";
import { isWhole, NOTHING, newKill, whatText, wordOf } from "./killing";
import { toolsOf } from "./use-names";

const NOON = Date.parse("2026-01-01T12:00:00Z");

test("the word to type is the name, that of the tenant, or everything", () => {
  expect(wordOf({ kind: "workflow", name: " support " }, "acme")).toBe("support");
  expect(wordOf({ kind: "tenant", name: "" }, "acme")).toBe("acme");
  expect(wordOf({ kind: "everything", name: "" }, "acme")).toBe("everything");
});

test("a reason is needed, and a name where there is one to give", () => {
  expect(isWhole({ ...NOTHING, name: "support" })).toBe(false);
  expect(isWhole({ ...NOTHING, why: "paid twice" })).toBe(false);
  expect(isWhole({ ...NOTHING, name: "support", why: "paid twice" })).toBe(true);
  expect(isWhole({ ...NOTHING, kind: "tenant", why: "paid twice" })).toBe(true);
});

test("what is sent says no name where there is none, and until when", () => {
  const wanted = { ...NOTHING, name: "support", why: " paid twice ", until: "30" } as const;
  expect(newKill(wanted, NOON)).toEqual({
    kind: "workflow",
    name: "support",
    why: "paid twice",
    until: "2026-01-01T12:30:00.000Z",
  });
  expect(newKill({ ...wanted, kind: "everything", tenant: "*", until: "never" }, NOON)).toEqual({
    kind: "everything",
    name: "",
    why: "paid twice",
  });
  expect(newKill({ ...wanted, tenant: "*", until: "never" }, NOON).tenant).toBe("*");
});

test("what is killed is told in words", () => {
  expect(whatText({ kind: "tool", name: "pay_refund" })).toBe("Tool pay_refund");
  expect(whatText({ kind: "everything", name: "" })).toBe("Everything");
});

test("tools are read from the policies' schema, applications are not", () => {
  const cedar =
    'action "app:shop";\naction "pay" in ["app:shop"] appliesTo {};\naction "cancel" in ["app:shop"];';
  expect(toolsOf(cedar)).toEqual(["cancel", "pay"]);
});
