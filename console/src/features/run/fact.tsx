/** One thing that is known, and its name; stands in a list of such (`dl`). */
import { Group, Text } from "@mantine/core";
import type { ReactNode } from "react";

interface FactProps {
  readonly name: string;
  readonly children: ReactNode;
}

export function Fact({ name, children }: FactProps) {
  return (
    <Group gap={6} wrap="nowrap">
      <Text component="dt" size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" size="sm" m={0} className="numeric">
        {children}
      </Text>
    </Group>
  );
}
