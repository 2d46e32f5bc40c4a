/** The answer: what is decided, by which policies, which others were looked at, and what they saw. */
import { Badge, Card, Code, Group, Stack, Text, Title } from "@mantine/core";
import type { Schema } from "@/api/client";
import { pretty } from "@/kit/json";
import { policies } from "@/strings/policies";
import { VerdictBadge } from "./state";

const text = policies.explain;

export function ExplanationView({ found }: { readonly found: Schema<"Explanation"> }) {
  const { decision } = found;
  const applied = found.policies.filter((one) => one.applied);
  const others = found.policies.filter((one) => !one.applied);
  return (
    <Stack gap="sm" data-testid="explanation">
      <Card withBorder padding="sm">
        <Group gap="xs">
          <Text className="mono">{found.tool}</Text>
          <VerdictBadge verdict={decision.verdict} />
          {decision.version && (
            <Text size="sm" c="dimmed">
              {text.by(decision.version)}
            </Text>
          )}
        </Group>
        {(decision.reasons ?? []).map((reason) => (
          <Text key={reason} size="sm">
            {reason}
          </Text>
        ))}
        {(decision.requirements ?? []).map((one) => (
          <Text key={one.role} size="sm">
            {text.takes(one.role)} {one.not_requester && text.otherThan}
          </Text>
        ))}
      </Card>
      <Listed title={text.applied} found={applied} />
      <Listed title={text.notApplied} found={others} />
      {found.others > 0 && (
        <Text size="sm" c="dimmed">
          {text.others(found.others)}
        </Text>
      )}
      {Object.keys(found.context).length > 0 && (
        <section aria-label={text.context}>
          <Title order={2} size="h5">
            {text.context}
          </Title>
          <Code block className="wrapped">
            {pretty(found.context)}
          </Code>
        </section>
      )}
    </Stack>
  );
}

interface ListedProps {
  readonly title: string;
  readonly found: readonly Schema<"Applied">[];
}

function Listed({ title, found }: ListedProps) {
  if (found.length === 0) return null;
  return (
    <section aria-label={title}>
      <Title order={2} size="h5" mb={4}>
        {title}
      </Title>
      <Stack gap="xs">
        {found.map((one) => (
          <Card key={`${one.file} ${one.id}`} withBorder padding="xs" data-testid="explained-policy">
            <Group gap="xs">
              <Text fw={600} size="sm" className="mono">
                {one.id}
              </Text>
              <Badge variant="light" color={one.effect === "permit" ? "green" : "red"}>
                {one.effect === "permit" ? text.effects.permit : text.effects.forbid}
              </Badge>
              {one.approval && <Text size="sm">{text.unless(one.approval)}</Text>}
              {one.determining && <Badge variant="light">{text.determining}</Badge>}
              <Text size="xs" c="dimmed">
                {one.file}
              </Text>
            </Group>
            {one.reason && <Text size="sm">{one.reason}</Text>}
            {one.failure && <Text size="sm">{text.failed(one.failure)}</Text>}
            <Code block className="wrapped">
              {one.text}
            </Code>
          </Card>
        ))}
      </Stack>
    </section>
  );
}
