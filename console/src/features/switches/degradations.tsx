/** Agents that begin on a lower rung after repeated failures. */
import { Button, Stack, Table } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { $api, type Schema } from "@/api/client";
import { useCan, useMe } from "@/app/session";
import { Moment } from "@/kit/moments";
import { Failure, Loaded, Nothing } from "@/kit/states";
import { switches as text } from "@/strings/switches";

const LIST = "/api/v1/switches/degradations";

export function Degradations() {
  const throws = useCan()("switches:throw");
  const query = $api.useQuery("get", LIST, {}, { refetchInterval: 5_000 });
  return (
    <Loaded query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <Nothing title={text.noDegradations} hint={text.noDegradationsHint} />
        ) : (
          <Table.ScrollContainer minWidth={560} type="native">
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{text.agent}</Table.Th>
                  <Table.Th>{text.level}</Table.Th>
                  <Table.Th>{text.reason}</Table.Th>
                  <Table.Th>{text.probe}</Table.Th>
                  {throws && <Table.Th>{text.actions}</Table.Th>}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((one) => (
                  <One key={`${one.tenant} ${one.agent}`} of={one} throws={throws} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )
      }
    </Loaded>
  );
}

function One({ of, throws }: { readonly of: Schema<"Degradation">; readonly throws: boolean }) {
  const own = useMe()?.tenant_id;
  const queries = useQueryClient();
  const restoring = $api.useMutation("post", "/api/v1/switches/restore", {
    onSuccess: () => {
      notifications.show({ message: text.restored(of.agent), color: "green" });
      void queries.invalidateQueries({ queryKey: ["get", LIST] });
    },
  });
  const named = { agent: of.agent, ...(of.tenant !== own && { tenant: of.tenant }) };
  return (
    <Table.Tr data-testid="degradation">
      <Table.Td className="mono">{of.agent}</Table.Td>
      <Table.Td className="numeric">{of.level}</Table.Td>
      <Table.Td>{of.reason}</Table.Td>
      <Table.Td>
        <Moment at={of.probe_at} />
      </Table.Td>
      {throws && (
        <Table.Td>
          <Stack gap={4} align="flex-start">
            <Button
              size="compact-sm"
              variant="default"
              loading={restoring.isPending}
              onClick={() => restoring.mutate({ body: named })}
            >
              {text.restore}
            </Button>
            {restoring.error && <Failure error={restoring.error} />}
          </Stack>
        </Table.Td>
      )}
    </Table.Tr>
  );
}
