/** The tests that lie beside a version, run on the server. */
import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { $api, type Schema } from "@/api/client";
import { countText } from "@/kit/figures";
import { Part } from "@/kit/part";
import { Failure } from "@/kit/states";
import { prompts as text } from "@/strings/prompts";

export function Tests({ part, version }: { readonly part: string; readonly version: string }) {
  const run = $api.useMutation("post", "/api/v1/prompts/{name}/test");
  const send = () => run.mutate({ params: { path: { name: part }, query: { version } } });
  return (
    <Part
      title={text.tests}
      hint={text.testsHint}
      actions={
        <Button size="xs" variant="light" onClick={send} loading={run.isPending}>
          {text.runTests}
        </Button>
      }
      testId="prompt-tests"
    >
      {run.error && <Failure error={run.error} retry={send} />}
      {run.data && <Results tests={run.data.tests} />}
    </Part>
  );
}

function Results({ tests }: { readonly tests: readonly Schema<"TestedPrompt">[] }) {
  if (tests.length === 0) return <Text c="dimmed">{text.noTests}</Text>;
  return (
    <Stack gap="xs" role="status">
      {tests.map((test) => (
        <div key={test.name}>
          <Group gap="xs">
            <Badge variant="light" color={test.failure ? "red" : "green"}>
              {test.failure ? text.failed : text.passed}
            </Badge>
            <Text size="sm">{test.name}</Text>
            {typeof test.tokens === "number" && (
              <Text size="xs" c="dimmed">
                {text.testTokens(countText(test.tokens))}
              </Text>
            )}
          </Group>
          {test.failure && (
            <Text size="sm" ml="xl">
              {test.failure}
            </Text>
          )}
        </div>
      ))}
    </Stack>
  );
}
