/** What each process tells of one breaker: in which state, since when, and why. */
import { Stack, Table, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { countText } from "@/kit/figures";
import { Moment } from "@/kit/moments";
import { common } from "@/strings/common";
import { models as text } from "@/strings/models";

export function BreakerDetails({ processes }: { readonly processes: readonly Schema<"Reported">[] }) {
  return (
    <Table.Tr>
      <Table.Td colSpan={5}>
        <Stack gap="sm" pl="md">
          {processes.map((one) => (
            <Table key={one.process} variant="vertical" withTableBorder>
              <Table.Tbody>
                <Line name={text.process}>{`${one.process}: ${text.states[one.state]}`}</Line>
                <Line name={text.since}>
                  <Moment at={one.since} />
                </Line>
                <Line name={text.lastEvent}>{one.reason || common.none}</Line>
                <Line name={text.inWindow}>
                  {text.windowOf(countText(one.calls), countText(one.failed), countText(one.slow))}
                </Line>
                <Line name={text.counts}>
                  {text.countsOf(
                    countText(one.succeeded),
                    countText(one.errors),
                    countText(one.not_permitted),
                    countText(one.retries),
                  )}
                </Line>
                <Line name={text.told}>
                  <Moment at={one.reported_at} />
                </Line>
              </Table.Tbody>
            </Table>
          ))}
          {processes.length === 0 && <Text c="dimmed">{common.none}</Text>}
        </Stack>
      </Table.Td>
    </Table.Tr>
  );
}

function Line({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th w={200}>{name}</Table.Th>
      <Table.Td>{children}</Table.Td>
    </Table.Tr>
  );
}
