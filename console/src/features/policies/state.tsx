/** How a version stands: active, shadow or draft; and a verdict. */
import { Badge, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { policies as text } from "@/strings/policies";

export function StateBadges({ version }: { readonly version: Schema<"Version"> }) {
  if (!version.active && !version.shadow)
    return (
      <Badge variant="light" color="gray" data-testid="version-state">
        {text.versions.draft}
      </Badge>
    );
  return (
    <Badge variant="light" color={version.active ? "green" : "amber"} data-testid="version-state">
      {version.active ? text.state.active : text.state.shadow}
    </Badge>
  );
}

const COLOURS: Record<Schema<"Verdict">, string> = { allow: "green", deny: "red", require_approval: "amber" };

export function VerdictBadge({ verdict }: { readonly verdict: Schema<"Verdict"> }) {
  return (
    <Badge variant="light" color={COLOURS[verdict]} data-verdict={verdict}>
      {text.verdicts[verdict]}
    </Badge>
  );
}

/** What was decided, by which policies, and why. */
export function AnswerView({ answer }: { readonly answer: Schema<"Answered"> }) {
  const roles = answer.roles ?? [];
  return (
    <div>
      <VerdictBadge verdict={answer.verdict} />
      {roles.length > 0 && (
        <Text span size="xs" ml={4}>
          {text.roles(roles.join(", "))}
        </Text>
      )}
      {(answer.reasons ?? []).map((reason) => (
        <Text key={reason} size="xs">
          {reason}
        </Text>
      ))}
      {(answer.policies ?? []).length > 0 && (
        <Text size="xs" c="dimmed" className="mono">
          {answer.policies?.join(", ")}
        </Text>
      )}
    </div>
  );
}
