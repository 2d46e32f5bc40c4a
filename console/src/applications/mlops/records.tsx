/** Why the design is as it is: decision records, and what the critics checked. */
import { Accordion, Badge, Group, List, Stack, Table, Text } from "@mantine/core";
import { mlops as text } from "@/strings/mlops";
import type { Check, Decision } from "./reading";

export function Decisions({ decisions }: { readonly decisions: readonly Decision[] }) {
  return (
    <Accordion variant="contained" order={3} data-testid="decisions">
      {decisions.map((record) => (
        <Accordion.Item key={record.id} value={record.id}>
          <Accordion.Control>{`${record.id} ${record.title}`}</Accordion.Control>
          <Accordion.Panel>
            <Stack gap="xs">
              <Part name={text.context}>{record.context}</Part>
              <Part name={text.decision}>{record.decision}</Part>
              {record.alternatives.length > 0 && (
                <Items
                  name={text.alternatives}
                  items={record.alternatives.map(({ name, reason }) => `${name}: ${reason}`)}
                />
              )}
              {record.consequences.length > 0 && (
                <Items name={text.consequences} items={record.consequences} />
              )}
            </Stack>
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

function Part({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm">{children}</Text>
    </div>
  );
}

function Items({ name, items }: { readonly name: string; readonly items: readonly string[] }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <List size="sm">
        {items.map((item) => (
          <List.Item key={item}>{item}</List.Item>
        ))}
      </List>
    </div>
  );
}

const COLOURS: Readonly<Record<string, string>> = { pass: "green", warn: "amber", fail: "red" };
const ORDER = ["fail", "warn", "pass"];

export function Checks({ checks }: { readonly checks: readonly Check[] }) {
  const ordered = [...checks].sort((one, other) => ORDER.indexOf(one.verdict) - ORDER.indexOf(other.verdict));
  return (
    <Stack gap="xs">
      <Group gap="xs">
        {ORDER.map((verdict) => (
          <Badge key={verdict} color={COLOURS[verdict] ?? "gray"} variant="light">
            {`${checks.filter((check) => check.verdict === verdict).length} ${text.verdicts[verdict]}`}
          </Badge>
        ))}
      </Group>
      <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={text.checks} data-testid="checks">
          <Table.Tbody>
            {ordered.map((check) => (
              <Table.Tr key={`${check.critic} ${check.id}`}>
                <Table.Td>
                  <Badge color={COLOURS[check.verdict] ?? "gray"} variant="light">
                    {text.verdicts[check.verdict] ?? check.verdict}
                  </Badge>
                </Table.Td>
                <Table.Td>{text.critics[check.critic] ?? check.critic}</Table.Td>
                <Table.Td>
                  {check.title}
                  <Text size="xs" c="dimmed">
                    {check.detail || check.rule}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
