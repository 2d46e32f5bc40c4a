/** What is done about what is found where: one row for each place where texts pass. */
import { Alert, Badge, Group, Stack, Table, Text } from "@mantine/core";
import { $api } from "@/api/client";
import { Loaded } from "@/kit/states";
import { guards as text } from "@/strings/guards";
import { ActBadge } from "./badges";

const GROUPS = Object.keys(text.groups) as (keyof typeof text.groups)[];

export function Rules() {
  const query = $api.useQuery("get", "/api/v1/guards");
  return (
    <Loaded query={query}>
      {({ inlets, observing, names_model }) => (
        <Stack>
          {observing.length > 0 && (
            <Alert color="amber" title={text.observing}>
              <Group gap={6}>
                {observing.map((group) => (
                  <Badge key={group} variant="default">
                    {group}
                  </Badge>
                ))}
                <Text size="sm">{text.observingHint}</Text>
              </Group>
            </Alert>
          )}
          <Text size="sm" c="dimmed">
            {names_model ? text.names(names_model) : text.noNames}
          </Text>
          <Table.ScrollContainer minWidth={760} type="native">
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{text.where}</Table.Th>
                  {GROUPS.map((group) => (
                    <Table.Th key={group}>{text.groups[group]}</Table.Th>
                  ))}
                  <Table.Th>{text.exceptions}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {inlets.map(({ inlet, acts }) => (
                  <Table.Tr key={inlet} data-testid="inlet">
                    <Table.Th scope="row">
                      <Text size="sm" fw={600} className="mono">
                        {inlet}
                      </Text>
                      <Text size="xs" c="dimmed">
                        {text.inlets[inlet]}
                      </Text>
                    </Table.Th>
                    {GROUPS.map((group) => (
                      <Table.Td key={group}>{acts[group] && <ActBadge act={acts[group]} />}</Table.Td>
                    ))}
                    <Table.Td>
                      <Exceptions acts={acts} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Stack>
      )}
    </Loaded>
  );
}

function Exceptions({ acts }: { readonly acts: Readonly<Record<string, string>> }) {
  return Object.entries(acts)
    .filter(([name]) => !(name in text.groups))
    .map(([name, act]) => (
      <Group key={name} gap={4} wrap="nowrap">
        <Text size="xs" className="mono">
          {name}
        </Text>
        <ActBadge act={act} />
      </Group>
    ));
}
