/** What a budget says, in words. */
import { Stack, Table, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Copyable } from "@/kit/copyable";
import { Moment } from "@/kit/moments";
import { budgets as text } from "@/strings/budgets";
import { amountText, type Budget, scopeText } from "./amounts";

export function Facts({ budget }: { readonly budget: Budget }) {
  const limit = (amount: string | null | undefined) => (amount ? amountText(budget, amount) : text.without);
  const facts: readonly (readonly [string, ReactNode])[] = [
    [text.scope, scopeText(budget)],
    [text.period, text.periods[budget.period]],
    [text.timeZone, budget.time_zone],
    [text.softLimit, limit(budget.soft)],
    [text.hardLimit, limit(budget.hard)],
    [text.beyond, budget.role ? text.byRole(budget.role) : text.beyonds[budget.beyond]],
    [text.lost, text.losts[budget.lost]],
    [text.madeBy, <Copyable key="by" value={budget.made_by} />],
    [text.changedAt, <Moment key="at" at={budget.changed_at} />],
  ];
  return (
    <Stack gap="xs" component="section">
      <Title order={2} size="h4">
        {text.facts}
      </Title>
      <Table>
        <Table.Tbody>
          {facts.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" w="40%">
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}
