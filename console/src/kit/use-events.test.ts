import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { batching } from "./use-events";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("tells what came together once, soon at first and then not more often than every so many milliseconds", () => {
  const told: string[][] = [];
  const batch = batching((kinds) => told.push([...kinds]), 1_000);
  batch.add(["submitted", "asked", "asked"]);
  batch.add([]);
  vi.advanceTimersByTime(60);
  expect(told).toEqual([["submitted", "asked"]]);
  for (let number = 0; number < 500; number++) batch.add(["entered"]);
  vi.advanceTimersByTime(900);
  expect(told.length).toBe(1);
  vi.advanceTimersByTime(100);
  expect(told).toEqual([["submitted", "asked"], ["entered"]]);
  vi.advanceTimersByTime(10_000);
  expect(told.slice(2)).toEqual([[]]); // once more after the last, for what no event tells
  batch.add(["asked"]);
  batch.stop();
  vi.advanceTimersByTime(5_000);
  expect(told.length).toBe(3);
});
