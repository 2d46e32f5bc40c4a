/** How the tests go that lie beside the policies of a version. */
import { Alert, Badge, Button, Group, Stack, Table, Text } from "@mantine/core";
import { Failure, Loading, Nothing } from "@/kit/states";
import { Wide } from "@/kit/wide";
import { policies } from "@/strings/policies";
import { useChecked } from "./queries";

const text = policies.tests;

interface TestsTabProps {
  readonly number: number;
  readonly isChanged: boolean;
}

export function TestsTab({ number, isChanged }: TestsTabProps) {
  const checked = useChecked(number, true);
  const tests = checked.data?.tests ?? [];
  const passed = tests.filter((test) => test.failure === null || test.failure === undefined).length;
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed">
          {text.hint}
        </Text>
        <Button
          size="xs"
          variant="default"
          loading={checked.isFetching}
          onClick={() => void checked.refetch()}
        >
          {text.run}
        </Button>
      </Group>
      {isChanged && <Alert color="amber">{text.unsaved}</Alert>}
      {checked.error && <Failure error={checked.error} retry={() => void checked.refetch()} />}
      {checked.isPending && <Loading />}
      {checked.data?.valid === false && <Alert color="red">{text.invalid}</Alert>}
      {checked.data?.valid && tests.length === 0 && <Nothing title={text.none} hint={text.noneHint} />}
      {tests.length > 0 && (
        <>
          <Text size="sm" fw={600} role="status" data-testid="tests-summary">
            {text.summary(passed, tests.length)}
          </Text>
          <Wide label={text.name} width={600}>
            <Table verticalSpacing="xs">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{text.result}</Table.Th>
                  <Table.Th>{text.name}</Table.Th>
                  <Table.Th>{text.file}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {tests.map(({ file, name, failure }, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: tests may be named alike; they never move
                  <Table.Tr key={index} data-testid="policy-test">
                    <Table.Td>
                      <Badge variant="light" color={failure ? "red" : "green"}>
                        {failure ? text.failed : text.passed}
                      </Badge>
                    </Table.Td>
                    <Table.Td>
                      {name}
                      {failure && (
                        <Text size="xs" style={{ overflowWrap: "anywhere" }}>
                          {failure}
                        </Text>
                      )}
                    </Table.Td>
                    <Table.Td className="mono">{file}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Wide>
        </>
      )}
    </Stack>
  );
}
