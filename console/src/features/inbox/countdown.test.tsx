import { MantineProvider } from "@mantine/core";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Countdown, urgencyOf } from "./countdown";

const NOON = Date.parse("2026-01-01T12:00:00Z");

beforeEach(() => {
  vi.useFakeTimers({ now: NOON });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test("what is left is told in its two largest units, and amber within the last hour", () => {
  expect(urgencyOf("2026-01-03T13:00:00Z", NOON)).toEqual({
    label: "Expires in 2 d 1 h",
    color: "gray",
    over: false,
  });
  expect(urgencyOf("2026-01-01T12:05:30Z", NOON)).toMatchObject({
    label: "Expires in 5 min 30 s",
    color: "amber",
  });
  expect(urgencyOf("2026-01-01T12:00:07Z", NOON)).toMatchObject({ label: "Expires in 7 s" });
});

test("what is over says so", () => {
  expect(urgencyOf("2026-01-01T12:00:00Z", NOON)).toEqual({ label: "Expired", color: "red", over: true });
  expect(urgencyOf("2025-12-31T12:00:00Z", NOON).over).toBe(true);
});

test("it counts down second by second until it is over", () => {
  render(
    <MantineProvider>
      <Countdown expiresAt="2026-01-01T12:00:03Z" />
    </MantineProvider>,
  );
  const timer = screen.getByTestId("countdown");
  expect(timer.textContent).toBe("Expires in 3 s");
  act(() => vi.advanceTimersByTime(1_000));
  expect(timer.textContent).toBe("Expires in 2 s");
  act(() => vi.advanceTimersByTime(2_000));
  expect(timer.textContent).toBe("Expired");
});
