import { expect, test } from "vitest";
import { beforeOf, isMasked } from "./edited";

test("the version before is made of the changes: changed, added, removed, and within lists", () => {
  const after = { amount: { amount: "90.00", currency: "EUR" }, note: "new", items: ["a"] };
  const changes = [
    { where: "/amount/amount", before: "129.00", after: "90.00" },
    { where: "/items/1", before: "b", after: null },
    { where: "/old~1name", before: { deep: 1 }, after: null },
    { where: "/note", before: null, after: "new" },
  ];
  expect(beforeOf(after, changes)).toEqual({
    amount: { amount: "129.00", currency: "EUR" },
    items: ["a", "b"],
    "old/name": { deep: 1 },
  });
  expect(after.note).toBe("new");
});

test("a value that was replaced as a whole, and a member that was an object before", () => {
  expect(beforeOf(5, [{ where: "", before: 3, after: 5 }])).toBe(3);
  const changes = [
    { where: "/a/b", before: 1, after: null },
    { where: "/a", before: null, after: {} },
  ];
  expect(beforeOf({ a: {} }, changes)).toEqual({ a: { b: 1 } });
});

test("a name that JavaScript uses itself changes nothing else", () => {
  beforeOf({}, [{ where: "/__proto__/polluted", before: "yes", after: null }]);
  expect("polluted" in {}).toBe(false);
});

test("placeholders and stars are masks, and other texts are not", () => {
  expect(isMasked({ to: "<EMAIL:k3f9>" })).toBe(true);
  expect(isMasked(["***"])).toBe(true);
  expect(isMasked({ a: "(masked)" })).toBe(true);
  expect(isMasked({ a: "<b>", c: "x***y", d: "<Email:k3f9>" })).toBe(false);
});
