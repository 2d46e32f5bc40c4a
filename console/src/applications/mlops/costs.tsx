/** What the design costs a month: low, expected and high, and every line by its component. */
import { Accordion, Alert, Card, Group, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { moneyText } from "@/kit/money";
import { mlops as text } from "@/strings/mlops";
import { type Bill, type Line, type Subtotal, subtotals } from "./reading";

export function Costs({ bill }: { readonly bill: Bill }) {
  const parts = subtotals(bill.lines);
  const unknown = parts.reduce((sum, part) => sum + part.unknown, 0);
  const totals = [
    [text.low, bill.low],
    [text.expected, bill.expected],
    [text.high, bill.high],
    [text.budget, bill.budget],
  ] as const;
  return (
    <Stack gap="sm" data-testid="costs">
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        {totals.map(([name, amount]) =>
          amount ? (
            <Card key={name} withBorder padding="sm">
              <Text size="xs" c="dimmed">
                {name}
              </Text>
              <Text fw={650} className="numeric">
                {dollars(amount)}
              </Text>
            </Card>
          ) : null,
        )}
      </SimpleGrid>
      {unknown > 0 && (
        <Alert color="amber" data-testid="lines-without-price">
          {text.linesWithoutPrice(unknown)}
        </Alert>
      )}
      <Accordion multiple variant="contained" order={3}>
        {parts.map((part) => (
          <Accordion.Item key={part.component} value={part.component}>
            <Accordion.Control>
              <Group justify="space-between" gap="xs" pr="sm">
                <span>{part.component}</span>
                <span className="numeric">{monthlyOf(part)}</span>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              <Lines name={part.component} lines={part.lines} />
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  );
}

function Lines({ name, lines }: { readonly name: string; readonly lines: readonly Line[] }) {
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table aria-label={name}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.description}</Table.Th>
            <Table.Th>{text.quantity}</Table.Th>
            <Table.Th>{text.unitPrice}</Table.Th>
            <Table.Th>{text.monthly}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map((line) => (
            <Table.Tr key={`${line.resource} ${line.description}`}>
              <Table.Td>
                {line.description}
                <Text size="xs" c="dimmed">
                  {[line.resource, line.assumption].filter(Boolean).join(": ")}
                </Text>
              </Table.Td>
              <Table.Td className="numeric">{quantityOf(line)}</Table.Td>
              <Table.Td className="numeric">
                {line.unitPrice === null ? "" : dollars(line.unitPrice)}
              </Table.Td>
              <Table.Td className="numeric">
                {line.monthly === null ? text.noPrice : dollars(line.monthly)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function monthlyOf({ monthly, unknown, lines }: Subtotal): string {
  if (unknown === lines.length) return text.noPrice;
  return unknown > 0 ? `${dollars(String(monthly))} + ${text.noPrice}` : dollars(String(monthly));
}

function quantityOf({ quantity, unit }: Line): string {
  const number = Number(quantity).toLocaleString(undefined, { maximumSignificantDigits: 6 });
  return `${number} ${unit}`.trim();
}

/** Prices of the catalogue are in US dollars. */
function dollars(amount: string): string {
  return moneyText({ amount, currency: "USD" });
}
