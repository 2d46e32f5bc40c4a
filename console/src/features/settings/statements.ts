/** Which statements hold: the newest of a topic that was not withdrawn counts, until it expires. */
import type { Schema } from "@/api/client";

type Attestation = Schema<"Attestation">;
type Topic = Schema<"Topic">;

export interface Standing {
  readonly topic: Topic;
  readonly state: "holds" | "expired" | "missing";
  readonly until: string | undefined;
}

export function stateOf(one: Attestation, now = Date.now()): "holds" | "expired" | "withdrawn" {
  if (one.withdrawn_at) return "withdrawn";
  return Date.parse(one.expires_at) <= now ? "expired" : "holds";
}

/** How each topic stands; `statements` come with the newest first. */
export function standingOf(
  topics: readonly Topic[],
  statements: readonly Attestation[],
  now = Date.now(),
): Standing[] {
  return topics.map((topic) => {
    const counts = statements.find((one) => one.topic === topic && !one.withdrawn_at);
    if (!counts) return { topic, state: "missing", until: undefined };
    const state = stateOf(counts, now) === "holds" ? "holds" : "expired";
    return { topic, state, until: counts.expires_at };
  });
}
