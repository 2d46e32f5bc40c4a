import { expect, test } from "vitest";
import type { Schema } from "@/api/client";
import { armText, guardText, sharesOf, toldOf } from "./words";

const DIFFERENCE: Schema<"ArmDifference"> = {
  arm: "candidate",
  metric: "validity",
  estimate: 2.06,
  low: 0.41,
  high: 3.8,
  exact: false,
  verdict: "better",
};

test("a difference is told with its interval, and what has no end as without one", () => {
  expect(toldOf(DIFFERENCE)).toBe("2.1 (0.4 to 3.8)");
  expect(toldOf({ ...DIFFERENCE, high: 1e304 })).toBe("2.1 (0.4 to ∞)");
  expect(toldOf({ ...DIFFERENCE, estimate: null })).toBe("");
});

test("a guard says its margin and its bound", () => {
  expect(guardText({ metric: "latency", worse_by: 50, bound: 20000 })).toBe(
    "worse than the control by more than 50 %; 95th percentile over 20000 ms",
  );
});

test("the control has what the others leave; a stopped arm has nothing", () => {
  const arms = [
    { name: "control", weight: "0", stopped_at: null },
    { name: "a", weight: "20.5", stopped_at: null },
    { name: "b", weight: "30", stopped_at: "2026-01-01T00:00:00Z" },
  ];
  expect([...sharesOf(arms)]).toEqual([
    ["control", 79.5],
    ["a", 20.5],
    ["b", 0],
  ]);
});

test("an arm that names nothing goes as without the experiment", () => {
  expect(armText({ version: "4", model: null })).toBe("version 4");
  expect(armText({ version: null, model: null })).toBe("as without the experiment");
});
