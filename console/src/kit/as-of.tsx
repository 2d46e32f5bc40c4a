/** When what is shown was found out, and a button that has it found out anew. */
import { Button, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { dialogs as text } from "@/strings/dialogs";
import { Moment } from "./moments";

interface AsOfProps {
  readonly query: {
    readonly dataUpdatedAt: number;
    readonly isFetching: boolean;
    readonly refetch: () => unknown;
  };
  /** The server's own moment, where it tells one. */
  readonly at?: string | undefined;
}

export function AsOf({ query, at }: AsOfProps) {
  const shown = at ?? (query.dataUpdatedAt ? new Date(query.dataUpdatedAt).toISOString() : undefined);
  return (
    <>
      {shown && (
        <Text size="sm" c="dimmed" component="span" data-testid="as-of">
          {text.asOf} <Moment at={shown} short />
        </Text>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconRefresh size={14} />}
        onClick={() => void query.refetch()}
      >
        {text.refresh}
      </Button>
    </>
  );
}
