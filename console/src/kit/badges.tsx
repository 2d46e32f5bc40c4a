/** Badges whose colour means something; what they say stands in words, too. */
import { Badge } from "@mantine/core";
import type { Schema } from "@/api/client";
import { common as text } from "@/strings/common";

type Status = Schema<"RunStatus">;

const COLOURS: Record<Status, string> = {
  queued: "gray",
  running: "blue",
  waiting: "amber",
  completed: "green",
  failed: "red",
  cancelled: "gray",
};

export function StatusBadge({ status }: { readonly status: Status }) {
  return (
    <Badge color={COLOURS[status]} variant="light" data-status={status}>
      {text.statuses[status]}
    </Badge>
  );
}

export type Level = "high" | "middle" | "low";

/** High from .8, middle from .5, else low. */
export function levelOf(confidence: number): Level {
  if (confidence >= 0.8) return "high";
  return confidence >= 0.5 ? "middle" : "low";
}

const LEVELS: Record<Level, string> = { high: "green", middle: "amber", low: "red" };

/** How sure somebody was, from 0 to 1: green at .8 and above, amber at .5, red below. */
export function ConfidenceBadge({ confidence }: { readonly confidence: number }) {
  const level = levelOf(confidence);
  return (
    <Badge color={LEVELS[level]} variant="light" data-level={level}>
      {text.confident(Math.round(confidence * 100))}
    </Badge>
  );
}
