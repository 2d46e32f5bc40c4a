/** Sums of calls by a thing, with those of all calls below. */
import { Badge, Group, Table, Text, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schema } from "@/api/client";
import { countText, dollarsText, millisecondsText, percentText } from "@/kit/figures";
import { Wide } from "@/kit/wide";
import { usage as text } from "@/strings/usage";
import { nameOf, type Thing } from "./asked";
import { isUnpriced } from "./pivot";

const HEADS = [
  text.calls,
  text.errors,
  text.cached,
  text.valid,
  text.input,
  text.output,
  text.cost,
  text.p50,
  text.p95,
];

interface SumsTableProps {
  readonly report: Schema<"UsageReport">;
  readonly thing: Thing;
}

export function SumsTable({ report, thing }: SumsTableProps) {
  return (
    <>
      <Wide label={text.table} width={960}>
        <Table striped data-testid="usage-table">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{text.things[thing]}</Table.Th>
              {HEADS.map((head) => (
                <Table.Th key={head} ta="right">
                  {head}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {report.items.map((group) => (
              <Sums key={nameOf(group.key)} name={nameOf(group.key)} sums={group} />
            ))}
          </Table.Tbody>
          <Table.Tfoot>
            <Sums name={<strong>{text.total}</strong>} sums={report.total} />
          </Table.Tfoot>
        </Table>
      </Wide>
      {report.more && (
        <Text size="sm" c="dimmed">
          {text.more}
        </Text>
      )}
    </>
  );
}

function Sums({ name, sums }: { readonly name: ReactNode; readonly sums: Schema<"Sums"> }) {
  const typed = sums.valid + sums.invalid;
  const cells = [
    countText(sums.calls),
    countText(sums.errors),
    countText(sums.cached),
    percentText(typed === 0 ? null : sums.valid / typed),
    countText(sums.input_tokens),
    countText(sums.output_tokens),
    <Cost key="cost" sums={sums} />,
    millisecondsText(sums.latency_p50_ms),
    millisecondsText(sums.latency_p95_ms),
  ];
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        {name}
      </Table.Th>
      {cells.map((cell, index) => (
        <Table.Td key={HEADS[index]} ta="right" className="numeric">
          {cell}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

function Cost({ sums }: { readonly sums: Schema<"Sums"> }) {
  if (!isUnpriced(sums, sums.calls - sums.cached)) return dollarsText(sums.cost);
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      {dollarsText(sums.cost)}
      <Tooltip label={text.unpricedHint} multiline w={280}>
        <Badge variant="light" color="amber" tabIndex={0}>
          {text.unpriced}
        </Badge>
      </Tooltip>
    </Group>
  );
}
