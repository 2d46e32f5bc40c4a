/** A part of a screen: its heading, what can be done there, and its content. */
import { Card, Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface PartProps {
  readonly title: string;
  readonly hint?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly testId?: string;
}

export function Part({ title, hint, actions, children, testId }: PartProps) {
  return (
    <Card component="section" aria-label={title} withBorder padding="md" data-testid={testId}>
      <Group justify="space-between" align="flex-start" mb="xs" gap="xs">
        <div>
          <Title order={2} size="h4">
            {title}
          </Title>
          {hint && (
            <Text size="sm" c="dimmed" component="div">
              {hint}
            </Text>
          )}
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Card>
  );
}
