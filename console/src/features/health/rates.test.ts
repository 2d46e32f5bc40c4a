import { describe, expect, it } from "vitest";
import type { Schema } from "@/api/client";
import { ratesOf } from "./rates";

function told(given: Partial<Schema<"Reported">>): Schema<"Reported"> {
  return {
    ...{ process: "a", state: "closed", reason: "", since: "2026-01-01T00:00:00Z", retries: 0, in_a_row: 0 },
    ...{ calls: 0, failed: 0, slow: 0, succeeded: 0, errors: 0, not_permitted: 0 },
    reported_at: "2026-01-01T00:00:00Z",
    ...given,
  };
}

describe("rates of a breaker", () => {
  it("are those of all processes together, with the latest change", () => {
    const found = ratesOf([
      told({ calls: 10, failed: 5, slow: 1 }),
      told({ calls: 10, failed: 0, slow: 3, since: "2026-01-02T00:00:00Z" }),
    ]);
    expect(found).toEqual({ calls: 20, failed: 25, slow: 20, since: "2026-01-02T00:00:00Z" });
  });

  it("are unknown without calls", () => {
    expect(ratesOf([])).toEqual({ calls: 0, failed: undefined, slow: undefined, since: undefined });
  });
});
