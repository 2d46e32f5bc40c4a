import { expect, test } from "vitest";
import { marginOf, scaleOf } from "./scale";

test("no difference is always in sight, and ends are round", () => {
  const scale = scaleOf([{ estimate: 3, low: 1.2, high: 4.7 }]);
  expect([scale.low, scale.high]).toEqual([0, 5]);
  expect(scale.ticks).toEqual([0, 1, 2, 3, 4, 5]);
  expect(scale.place(0)).toBe(0);
  expect(scale.place(2.5)).toBe(50);
});

test("an interval without an end is cut off at the edge, and the estimate can still be seen", () => {
  const scale = scaleOf([{ estimate: -10, low: -100, high: 1e304 }]);
  expect(scale.high).toBeLessThanOrEqual(100);
  expect(scale.place(1e304)).toBe(100);
  expect(scale.place(-10)).toBeGreaterThan(5);
});

test("nothing but zeros has a width, too", () => {
  const scale = scaleOf([{ estimate: 0, low: 0, high: 0 }], [2]);
  expect(scale.ticks.length).toBeGreaterThan(1);
  expect(scale.place(2)).toBe(100);
  expect(scaleOf([{ estimate: 0, low: 0, high: 0 }]).ticks.every(Number.isFinite)).toBe(true);
});

test("a margin stands where an arm is worse", () => {
  expect(marginOf("validity", 2)).toBe(-2);
  expect(marginOf("latency", 50)).toBe(50);
});
