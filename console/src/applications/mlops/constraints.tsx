/** What was read in the request, and where in its words. */
import { Box, Card, Stack, Table, Text, Tooltip } from "@mantine/core";
import { ConfidenceBadge } from "@/kit/badges";
import { mlops as text } from "@/strings/mlops";
import type { Constraint } from "./reading";
import { piecesOf, type Span } from "./spans";

interface ConstraintsProps {
  readonly prompt: string;
  readonly constraints: readonly Constraint[];
}

export function Constraints({ prompt, constraints }: ConstraintsProps) {
  const spans = constraints.flatMap(({ span }): readonly Span[] => (span ? [span] : []));
  return (
    <Stack gap="sm">
      <Card withBorder padding="sm">
        <Text size="xs" c="dimmed" mb={4}>
          {text.constraintsHint}
        </Text>
        <Text component="p" data-testid="highlighted-prompt" style={{ whiteSpace: "pre-wrap" }}>
          {piecesOf(prompt, spans).map((piece) =>
            piece.names.length === 0 ? (
              <span key={piece.start}>{piece.text}</span>
            ) : (
              <Tooltip key={piece.start} label={piece.names.map(spaced).join(", ")}>
                <Box component="mark" data-names={piece.names.join(" ")}>
                  {piece.text}
                </Box>
              </Tooltip>
            ),
          )}
        </Text>
      </Card>
      <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={text.constraints} data-testid="constraints">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{text.constraint}</Table.Th>
              <Table.Th>{text.value}</Table.Th>
              <Table.Th>{text.origin}</Table.Th>
              <Table.Th>{text.confidence}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {constraints.map((constraint) => (
              <Table.Tr key={constraint.name}>
                <Table.Td>{constraint.name}</Table.Td>
                <Table.Td>
                  {constraint.value}
                  {constraint.note && (
                    <Text size="xs" c="dimmed">
                      {constraint.note}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>{constraint.origin}</Table.Td>
                <Table.Td>
                  <ConfidenceBadge confidence={constraint.confidence} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function spaced(name: string): string {
  return name.replaceAll("_", " ");
}
