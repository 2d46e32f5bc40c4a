/** What a model would be sent: a form for the variables, and the messages that come of them. */
import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { Part } from "@/kit/part";
import { Failure } from "@/kit/states";
import { prompts as text } from "@/strings/prompts";
import { VariableFields } from "./variable-fields";
import { type Typed, type Variables, valuesOf } from "./variables";

interface PreviewProps {
  readonly part: string;
  readonly version: string;
  readonly variables: Variables;
}

export function Preview({ part, version, variables }: PreviewProps) {
  const [typed, setTyped] = useState<Typed>({});
  const [unreadable, setUnreadable] = useState<readonly string[]>([]);
  const render = $api.useMutation("post", "/api/v1/prompts/{name}/render");
  const send = () => {
    const found = valuesOf(variables, typed);
    setUnreadable(found.unreadable);
    if (found.unreadable.length > 0) return;
    render.mutate({ params: { path: { name: part } }, body: { version, variables: found.values } });
  };
  return (
    <Part title={text.preview} hint={text.previewHint} testId="preview">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Stack>
          <VariableFields variables={variables} typed={typed} unreadable={unreadable} onChange={setTyped} />
          <Group>
            <Button type="submit" variant="light" loading={render.isPending}>
              {text.render}
            </Button>
          </Group>
        </Stack>
      </form>
      {render.error && <Failure error={render.error} retry={send} title={text.renderFailed} />}
      {render.data && <Messages rendered={render.data} />}
    </Part>
  );
}

function Messages({ rendered }: { readonly rendered: Schema<"Rendered"> }) {
  const all = [{ role: "system" as const, text: rendered.system }, ...rendered.messages];
  return (
    <Stack gap="xs" mt="md" data-testid="rendered">
      {all
        .filter((message) => message.text !== "")
        .map((message, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: messages have no other name than their place
          <Card key={index} withBorder padding="sm">
            <Text size="xs" fw={600} c="dimmed">
              {text.roles[message.role]}
            </Text>
            <Text size="sm" className="wrapped">
              {message.text}
            </Text>
          </Card>
        ))}
      <Text size="xs" c="dimmed" className="mono" style={{ overflowWrap: "anywhere" }}>
        {text.digest(rendered.digest)}
      </Text>
    </Stack>
  );
}
