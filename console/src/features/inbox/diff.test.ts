import { expect, test } from "vitest";
import { beforeOf, diffLines, isMasked, pretty } from "./diff";

const text = (lines: readonly { sign: string; text: string }[]) => lines.map((line) => line.sign + line.text);

test("what is alike stays, what differs is shown as removed and added, in order", () => {
  expect(text(diffLines("a\nb\nc\nd", "a\nx\nc\ny\nd"))).toEqual(["=a", "-b", "+x", "=c", "+y", "=d"]);
});

test("equal texts have no signs, and a text against nothing has only new lines", () => {
  expect(text(diffLines("a\nb", "a\nb"))).toEqual(["=a", "=b"]);
  expect(text(diffLines("a", "a\nb\nc"))).toEqual(["=a", "+b", "+c"]);
  expect(text(diffLines("a\nb\nc", "c"))).toEqual(["-a", "-b", "=c"]);
});

test("both sides of a diff read as the two texts", () => {
  const before = pretty({ a: 1, b: [1, 2, { c: "x" }], d: null });
  const after = pretty({ a: 2, b: [2, { c: "y" }], e: "new" });
  const lines = diffLines(before, after);
  const side = (sign: string) => lines.filter((line) => line.sign === "=" || line.sign === sign);
  expect(
    side("-")
      .map((line) => line.text)
      .join("\n"),
  ).toBe(before);
  expect(
    side("+")
      .map((line) => line.text)
      .join("\n"),
  ).toBe(after);
});

test("texts too long to be compared line by line are shown as a whole", () => {
  const old = Array.from({ length: 2_100 }, (_, line) => `old ${line}`).join("\n");
  const lines = diffLines(old, "new");
  expect(lines).toHaveLength(2_101);
  expect(lines.at(-1)).toEqual({ sign: "+", text: "new" });
});

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
