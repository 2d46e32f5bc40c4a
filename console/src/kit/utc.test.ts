import { expect, it } from "vitest";
import { utcOf } from "./utc";

it("tells a moment in UTC, whatever offset it came with", () => {
  expect(utcOf("2026-11-22T14:02:26.405Z")).toBe("2026-11-22 14:02:26.405 UTC");
  expect(utcOf("2026-11-22T15:02:26+01:00")).toBe("2026-11-22 14:02:26.000 UTC");
});
