/** Feature flags: which are set, for whom, and for what share of their subjects. */
import { Badge, Button, Group, Modal, Stack, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan, useMe } from "@/app/session";
import { Moment } from "@/kit/moments";
import { Failure, Loaded, Nothing } from "@/kit/states";
import { common } from "@/strings/common";
import { switches as text } from "@/strings/switches";
import { FlagForm } from "./flag-form";

type Flag = Schema<"Flag">;

const LIST = "/api/v1/flags";

export function FlagList() {
  const manages = useCan()("switches:manage");
  const query = $api.useQuery("get", LIST, {}, { refetchInterval: 10_000 });
  const [edited, setEdited] = useState<Flag | "new" | null>(null);
  const [removed, setRemoved] = useState<Flag | null>(null);
  return (
    <Stack>
      {manages && (
        <Group justify="flex-end">
          <Button onClick={() => setEdited("new")} data-testid="set-flag">
            {text.setFlag}
          </Button>
        </Group>
      )}
      <Modal
        opened={edited !== null}
        onClose={() => setEdited(null)}
        title={text.setFlag}
        transitionProps={{ duration: 0 }}
      >
        {edited !== null && (
          <FlagForm known={edited === "new" ? undefined : edited} done={() => setEdited(null)} />
        )}
      </Modal>
      {removed && <Remove flag={removed} done={() => setRemoved(null)} />}
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing title={text.noFlags} hint={text.noFlagsHint} />
          ) : (
            <FlagTable flags={items} manages={manages} edit={setEdited} remove={setRemoved} />
          )
        }
      </Loaded>
    </Stack>
  );
}

interface FlagTableProps {
  readonly flags: readonly Flag[];
  readonly manages: boolean;
  readonly edit: (flag: Flag) => void;
  readonly remove: (flag: Flag) => void;
}

function FlagTable({ flags, manages, edit, remove }: FlagTableProps) {
  return (
    <Table.ScrollContainer minWidth={640} type="native">
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.flagName}</Table.Th>
            <Table.Th>{text.enabled}</Table.Th>
            <Table.Th>{text.tenant}</Table.Th>
            <Table.Th>{text.why}</Table.Th>
            <Table.Th>{text.changedBy}</Table.Th>
            {manages && <Table.Th>{text.actions}</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {flags.map((flag) => (
            <Table.Tr key={`${flag.name} ${flag.tenant}`} data-testid="flag">
              <Table.Td className="mono">{flag.name}</Table.Td>
              <Table.Td>
                <State flag={flag} />
              </Table.Td>
              <Table.Td>{flag.tenant === "*" ? text.allTenants : flag.tenant}</Table.Td>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{flag.why}</Table.Td>
              <Table.Td>
                <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                  {flag.changed_by}
                </Text>
                <Moment at={flag.changed_at} />
              </Table.Td>
              {manages && (
                <Table.Td>
                  <Group gap={4} wrap="nowrap">
                    <Button size="compact-sm" variant="default" onClick={() => edit(flag)}>
                      {text.editFlag}
                    </Button>
                    <Button size="compact-sm" variant="light" color="red" onClick={() => remove(flag)}>
                      {text.removeFlag}
                    </Button>
                  </Group>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function State({ flag }: { readonly flag: Flag }) {
  const share = flag.percentage === null || flag.percentage === undefined ? null : String(flag.percentage);
  return (
    <Group gap={6} wrap="nowrap">
      <Badge variant="light" color={flag.enabled ? "green" : "gray"}>
        {flag.enabled ? text.enabled : text.disabled}
      </Badge>
      {flag.enabled && <Text size="sm">{share === null ? text.forAll : text.shareOf(share)}</Text>}
    </Group>
  );
}

function Remove({ flag, done }: { readonly flag: Flag; readonly done: () => void }) {
  const own = useMe()?.tenant_id;
  const queries = useQueryClient();
  const removing = $api.useMutation("delete", LIST, {
    onSuccess: () => {
      notifications.show({ message: text.flagRemoved, color: "green" });
      void queries.invalidateQueries({ queryKey: ["get", LIST] });
      done();
    },
  });
  const query = { name: flag.name, ...(flag.tenant && flag.tenant !== own && { tenant: flag.tenant }) };
  return (
    <Modal opened onClose={done} title={text.removeTitle(flag.name)} transitionProps={{ duration: 0 }}>
      <Stack>
        <Text size="sm">{text.removeWhat}</Text>
        {removing.error && <Failure error={removing.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={done}>
            {common.cancel}
          </Button>
          <Button
            color="red"
            loading={removing.isPending}
            onClick={() => removing.mutate({ params: { query } })}
          >
            {text.removeFlag}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
