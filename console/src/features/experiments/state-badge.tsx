/** Where an experiment is. */
import { Badge } from "@mantine/core";
import type { Schema } from "@/api/client";
import { experiments as text } from "@/strings/experiments";

type State = Schema<"ExperimentSummary">["state"];

const COLOURS: Record<State, string> = {
  draft: "gray",
  running: "blue",
  stopped: "amber",
  concluded: "green",
};

export function StateBadge({ state }: { readonly state: State }) {
  return (
    <Badge variant="light" color={COLOURS[state]} data-state={state} data-testid="experiment-state">
      {text.states[state]}
    </Badge>
  );
}
