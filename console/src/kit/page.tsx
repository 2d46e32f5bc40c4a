/** The frame of a screen: its title, what can be done there, and its content. */
import { Box, Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import { shell } from "@/strings/shell";

interface PageProps {
  readonly title: string;
  readonly summary?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, summary, actions, children }: PageProps) {
  useDocumentTitle(`${title} · ${shell.product}`);
  return (
    <Stack gap="md" maw={1600} mx="auto">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box>
          <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
            {title}
          </Title>
          {summary && (
            <Text component="div" c="dimmed" size="sm">
              {summary}
            </Text>
          )}
        </Box>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
