import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { changesOf, type DiffRow, diffOf, readDiff } from "./line-diff";
import { LineDiff } from "./line-diff-view";

afterEach(cleanup);

const SIGNS = { same: "=", removed: "-", added: "+" } as const;
const told = (rows: readonly DiffRow[]) =>
  rows.map((row) => (row === "gap" ? row : `${SIGNS[row.kind]}${row.text}`));
const numbered = (rows: readonly DiffRow[]) =>
  rows.map((row) => (row === "gap" ? row : [row.kind, row.before, row.after]));

test("what is alike stays, what differs is told as removed and added, in order and with its numbers", () => {
  expect(told(diffOf("a\nb\nc\nd", "a\nx\nc\ny\nd"))).toEqual(["=a", "-b", "+x", "=c", "+y", "=d"]);
  expect(numbered(diffOf("a\nb\nc\nd\n", "a\nc\nx\nd\n"))).toEqual([
    ["same", 1, 1],
    ["removed", 2, undefined],
    ["same", 3, 2],
    ["added", undefined, 3],
    ["same", 4, 4],
  ]);
});

test("a text against nothing is all new, and nothing against it all gone", () => {
  expect(told(diffOf("", "a\n"))).toEqual(["+a"]);
  expect(told(diffOf("a", ""))).toEqual(["-a"]);
  expect(told(diffOf("a", "a\nb\nc"))).toEqual(["=a", "+b", "+c"]);
  expect(told(diffOf("a\nb\nc", "c"))).toEqual(["-a", "-b", "=c"]);
});

test("texts that are the same have no lines that differ, also where one ends without a line break", () => {
  expect(diffOf("a\nb", "a\nb")).toEqual([]);
  expect(changesOf("a\nb", "a\nb\n")).toEqual([]);
});

test("both sides read as the two texts", () => {
  const before = JSON.stringify({ a: 1, b: [1, 2, { c: "x" }], d: null }, null, 2);
  const after = JSON.stringify({ a: 2, b: [2, { c: "y" }], e: "new" }, null, 2);
  const lines = diffOf(before, after);
  const without = (kind: string) => lines.filter((line) => line.kind !== kind).map(({ text }) => text);
  expect(without("added").join("\n")).toBe(before);
  expect(without("removed").join("\n")).toBe(after);
});

test("texts that differ in too much to be compared line by line are told as a whole", () => {
  const old = Array.from({ length: 2_100 }, (_, line) => `old ${line}`).join("\n");
  const lines = diffOf(old, "new");
  expect(lines).toHaveLength(2_101);
  expect(lines.at(-1)).toEqual({ kind: "added", text: "new", before: undefined, after: 1 });
});

test("same lines far from a change are left out, and a gap says where", () => {
  const before = Array.from({ length: 20 }, (_, n) => `line ${n}`);
  const kinds = (after: readonly string[]) =>
    changesOf(before.join("\n"), after.join("\n"), 1).map((row) => (row === "gap" ? row : row.kind));
  expect(kinds(before.with(10, "changed"))).toEqual(["gap", "same", "removed", "added", "same", "gap"]);
  expect(kinds(before.with(0, "changed"))).toEqual(["removed", "added", "same", "gap"]);
  expect(kinds([...before, "one more"])).toEqual(["gap", "same", "added"]);
});

const PATCH = `--- before
+++ after
@@ -1,3 +1,4 @@
 You sort tickets.
-Be short.
+Be brief.
+Be kind.
 Thanks.
@@ -10,2 +11,2 @@
--- a line that begins with dashes
++++ and one with pluses
 End.`;

test("a unified diff is told with its numbers, and a gap between its parts", () => {
  expect(numbered(readDiff(PATCH))).toEqual([
    ["same", 1, 1],
    ["removed", 2, undefined],
    ["added", undefined, 2],
    ["added", undefined, 3],
    ["same", 3, 4],
    "gap",
    ["removed", 10, undefined],
    ["added", undefined, 11],
    ["same", 11, 12],
  ]);
  expect(readDiff("")).toEqual([]);
});

test("a line that looks like the name of a file is one of the text within a part", () => {
  expect(told(readDiff(PATCH))).toContain("--- a line that begins with dashes");
  expect(told(readDiff(PATCH))).toContain("++++ and one with pluses");
});

test("signs and words say what colours say", () => {
  render(
    <MantineProvider env="test">
      <LineDiff label="Differences" rows={[...diffOf("a\nb\n", "a\nc\n"), "gap"]} />
    </MantineProvider>,
  );
  const rows = screen.getAllByRole("row").map((row) => [row.dataset.kind, row.textContent]);
  expect(rows).toEqual([
    ["same", "11  a"],
    ["removed", "2removed- b"],
    ["added", "2added+ c"],
    ["gap", "…"],
  ]);
  expect(screen.getByRole("region", { name: "Differences" }).tabIndex).toBe(0);
});
