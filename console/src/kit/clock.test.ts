import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { leftUntil, useNow } from "./clock";

const at = "2026-01-01T12:00:00Z";
const NOON = Date.parse(at);
const before = (seconds: number) => NOON - seconds * 1_000;

beforeEach(() => {
  vi.useFakeTimers({ now: NOON });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it("counts seconds, then minutes and hours, and ends", () => {
  expect(leftUntil(at, before(0.2))).toBe("1 s");
  expect(leftUntil(at, before(59))).toBe("59 s");
  expect(leftUntil(at, before(90))).toBe("1 min 30 s");
  expect(leftUntil(at, before(7_500))).toBe("2 h 5 min");
  expect(leftUntil(at, before(0))).toBeNull();
  expect(leftUntil(at, before(-5))).toBeNull();
});

it("ticks as often as is asked for, and stands still where nobody needs it", () => {
  const slow = renderHook(() => useNow({ every: 10_000 }));
  const still = renderHook(() => useNow({ isTicking: false }));
  act(() => vi.advanceTimersByTime(9_000));
  expect(slow.result.current).toBe(NOON);
  act(() => vi.advanceTimersByTime(1_000));
  expect(slow.result.current).toBe(NOON + 10_000);
  expect(still.result.current).toBe(NOON);
});

it("is told anew at once when something happens", () => {
  const { result, rerender } = renderHook(({ reason }) => useNow({ every: 60_000, reason }), {
    initialProps: { reason: 0 },
  });
  act(() => vi.advanceTimersByTime(5_000));
  expect(result.current).toBe(NOON);
  rerender({ reason: 1 });
  expect(result.current).toBe(NOON + 5_000);
});
