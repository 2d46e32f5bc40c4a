/** The keys of the inbox, and the switch that turns them off. */
import { Group, Kbd, Modal, Stack, Switch, Table } from "@mantine/core";
import { inbox as text } from "@/strings/inbox";

interface KeysHelpProps {
  readonly opened: boolean;
  readonly close: () => void;
  readonly wanted: boolean;
  readonly want: (wanted: boolean) => void;
}

export function KeysHelp({ opened, close, wanted, want }: KeysHelpProps) {
  return (
    <Modal opened={opened} onClose={close} title={text.keys}>
      <Stack>
        <Switch
          label={text.keysOn}
          description={text.keysHint}
          checked={wanted}
          onChange={(event) => want(event.currentTarget.checked)}
        />
        <Table>
          <Table.Tbody>
            {text.keyHelp.map(([key, deed]) => (
              <Table.Tr key={key}>
                <Table.Td>
                  <Group>
                    <Kbd>{key}</Kbd>
                  </Group>
                </Table.Td>
                <Table.Td>{deed}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Stack>
    </Modal>
  );
}
