import { expect, test } from "vitest";
import { rowsOf } from "./diff";

const DIFF = `--- before
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
 End.
`;

test("lines have their numbers on each side, and parts that are left out leave a gap", () => {
  expect(rowsOf(DIFF).map(({ kind, before, after }) => [kind, before, after])).toEqual([
    ["same", 1, 1],
    ["gone", 2, null],
    ["added", null, 2],
    ["added", null, 3],
    ["same", 3, 4],
    ["gap", null, null],
    ["gone", 10, null],
    ["added", null, 11],
    ["same", 11, 12],
  ]);
});

test("a line that looks like the name of a file is one of the text within a hunk", () => {
  const texts = rowsOf(DIFF).map(({ text }) => text);
  expect(texts).toContain("-- a line that begins with dashes");
  expect(texts).toContain("+++ and one with pluses");
});

test("nothing differs where there is no hunk", () => {
  expect(rowsOf("")).toEqual([]);
});
