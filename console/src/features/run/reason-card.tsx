/** Why an agent decided as it did. */
import { Card, Group, List, Text } from "@mantine/core";
import { ConfidenceBadge } from "@/kit/badges";
import { run as text } from "@/strings/run";
import type { CardAt } from "./journal";

export function ReasonCardView({ at: { card } }: { readonly at: CardAt }) {
  return (
    <Card withBorder padding="sm" data-testid="reason-card">
      <Group justify="space-between">
        <Text fw={600}>{card.title || card.agent}</Text>
        <Group gap="xs">
          {card.produced_by && (
            <Text size="xs" c="dimmed">
              {text.producedBy(card.produced_by)}
            </Text>
          )}
          <ConfidenceBadge confidence={card.confidence} />
        </Group>
      </Group>
      <Text size="sm">{card.decision}</Text>
      <List size="sm" c="dimmed">
        {card.reasoning.map((reason) => (
          <List.Item key={reason}>{reason}</List.Item>
        ))}
      </List>
    </Card>
  );
}
