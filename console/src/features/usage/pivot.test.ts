import { expect, test } from "vitest";
import type { Schema } from "@/api/client";
import { beginningOf, bucketOf, groupsOf, nameOf } from "./asked";
import { isUnpriced, pivot } from "./pivot";

const DAY = 86_400_000;
const FIRST = Date.parse("2026-03-01T00:00:00Z");

function group(model: string, day: number, calls: number, cost = "0"): Schema<"Group"> {
  const at = new Date(FIRST + day * DAY).toISOString().replace(".000", "");
  return { ...SUMS, key: { model, day: at }, calls, cost };
}

const SUMS: Schema<"Sums"> = {
  calls: 0,
  errors: 0,
  cached: 0,
  valid: 0,
  invalid: 0,
  repairs: 0,
  input_tokens: 0,
  output_tokens: 0,
  cache_read: 0,
  cache_write: 0,
  cost: "0",
  latency_p50_ms: null,
  latency_p95_ms: null,
};
const SPAN = { since: FIRST, until: FIRST + 3 * DAY - 1, size: DAY };

test("days without a call have bars of nothing, and the largest thing comes first", () => {
  const bars = pivot([group("small", 0, 1), group("large", 2, 5), group("small", 2, 2)], "calls", SPAN);
  expect(bars.series).toEqual(["large", "small"]);
  expect(bars.rows.map(({ values }) => values)).toEqual([
    { large: 0, small: 1 },
    { large: 0, small: 0 },
    { large: 5, small: 2 },
  ]);
});

test("what is beyond the most is put together, and nothing of it is lost", () => {
  const groups = Array.from({ length: 9 }, (_, index) => group(`m${index}`, 1, 10 - index));
  const bars = pivot(groups, "calls", SPAN);
  expect(bars.series).toEqual(["m0", "m1", "m2", "m3", "m4", "others"]);
  expect(bars.rows[1]?.values.others).toBe(5 + 4 + 3 + 2);
});

test("costs are decimal strings", () => {
  const bars = pivot([group("m", 0, 1, "0.25"), group("m", 0, 1, "0.5")], "cost", SPAN);
  expect(bars.rows[0]?.values.m).toBe(0.75);
});

test("tokens without a cost are said, but not those that a cache answered", () => {
  const taken = { ...SUMS, calls: 2, input_tokens: 10 };
  expect(isUnpriced(taken, 2)).toBe(true);
  expect(isUnpriced(taken, 0)).toBe(false);
  expect(isUnpriced({ ...taken, cost: "0.1" }, 2)).toBe(false);
});

test("a period begins on a full hour or day", () => {
  const now = Date.parse("2026-03-10T12:34:56Z");
  expect(beginningOf("day", now)).toBe("2026-03-09T12:00:00.000Z");
  expect(beginningOf("week", now)).toBe("2026-03-03T00:00:00.000Z");
  expect([bucketOf("day"), bucketOf("month")]).toEqual(["hour", "day"]);
});

test("a version is called by its prompt, too, and a time is no part of a name", () => {
  expect(groupsOf("prompt_version")).toEqual(["prompt", "prompt_version"]);
  expect(nameOf({ day: "2026-03-01T00:00:00Z", prompt: "a/b", prompt_version: "3" })).toBe("a/b · 3");
  expect(nameOf({ agent: "" })).toBe("none");
});
