import { expect, it } from "vitest";
import { leftUntil } from "./countdown";

const at = "2026-01-01T12:00:00Z";
const before = (seconds: number) => Date.parse(at) - seconds * 1_000;

it("counts seconds, then minutes and hours, and ends", () => {
  expect(leftUntil(at, before(0.2))).toBe("1 s");
  expect(leftUntil(at, before(59))).toBe("59 s");
  expect(leftUntil(at, before(90))).toBe("1 min 30 s");
  expect(leftUntil(at, before(7_500))).toBe("2 h 5 min");
  expect(leftUntil(at, before(0))).toBeNull();
  expect(leftUntil(at, before(-5))).toBeNull();
});
