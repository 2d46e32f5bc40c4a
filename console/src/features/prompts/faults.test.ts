import { expect, test } from "vitest";
import { faultsOf } from "./faults";

test("each fault has its line", () => {
  const detail =
    "The prompt is not valid: line 3: a.type: Input should be 'x'; or 'y'; line 12: there is no filter";
  expect(faultsOf(detail)).toEqual([
    { line: 3, message: "a.type: Input should be 'x'; or 'y'" },
    { line: 12, message: "there is no filter" },
  ]);
});

test("what names no line is nowhere", () => {
  expect(faultsOf("The prompt is not valid: the tests: names are expected")).toEqual([]);
});
