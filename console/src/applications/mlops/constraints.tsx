/** What was read in the request, and where in its words. */
import { Box, Card, Stack, Text, Tooltip } from "@mantine/core";
import { ConfidenceBadge } from "@/kit/badges";
import { type Column, Listing } from "@/kit/listing";
import { mlops as text } from "@/strings/mlops";
import type { Constraint } from "./reading";
import { piecesOf, type Span } from "./spans";

interface ConstraintsProps {
  readonly prompt: string;
  readonly constraints: readonly Constraint[];
}

const COLUMNS: readonly Column<Constraint>[] = [
  { header: text.constraint, cell: ({ name }) => name },
  {
    header: text.value,
    cell: ({ value, note }) => (
      <>
        {value}
        {note && (
          <Text size="xs" c="dimmed">
            {note}
          </Text>
        )}
      </>
    ),
  },
  { header: text.origin, cell: ({ origin }) => origin },
  { header: text.confidence, cell: ({ confidence }) => <ConfidenceBadge confidence={confidence} /> },
];

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
      <Listing
        label={text.constraints}
        columns={COLUMNS}
        rows={constraints}
        keyOf={({ name }) => name}
        width={560}
        testId="constraints"
      />
    </Stack>
  );
}

function spaced(name: string): string {
  return name.replaceAll("_", " ");
}
