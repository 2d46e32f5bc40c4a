/** How a thing stands: a word, and a colour that goes with it. */
import { Badge } from "@mantine/core";

interface StateBadgeProps {
  /** The API's word, for tests and styles. */
  readonly state: string;
  readonly label: string;
  readonly color: "green" | "amber" | "red" | "gray" | "blue";
}

export function StateBadge({ state, label, color }: StateBadgeProps) {
  return (
    <Badge color={color} variant="light" miw="max-content" data-state={state}>
      {label}
    </Badge>
  );
}
