import { describe, expect, it } from "vitest";
import type { Schema } from "@/api/client";
import { standingOf } from "./statements";

const NOW = Date.parse("2026-06-01T00:00:00Z");

function stated(topic: Schema<"Topic">, expires_at: string, withdrawn_at: string | null = null) {
  const who = { stated_by: "Ada", recorded_by: "local", withdrawn_by: null, evidence: "there" };
  return { ...who, id: expires_at, topic, expires_at, withdrawn_at, stated_at: "2026-01-01T00:00:00Z" };
}

describe("the checklist", () => {
  it("goes by the newest statement of a topic that was not withdrawn", () => {
    const found = standingOf(
      ["on_call", "sign_off", "key_escrow"],
      [
        stated("on_call", "2027-01-01T00:00:00Z", "2026-05-01T00:00:00Z"),
        stated("on_call", "2026-12-01T00:00:00Z"),
        stated("sign_off", "2026-05-01T00:00:00Z"),
        stated("sign_off", "2028-01-01T00:00:00Z"),
      ],
      NOW,
    );
    expect(found).toEqual([
      { topic: "on_call", state: "holds", until: "2026-12-01T00:00:00Z" },
      { topic: "sign_off", state: "expired", until: "2026-05-01T00:00:00Z" },
      { topic: "key_escrow", state: "missing", until: undefined },
    ]);
  });
});
