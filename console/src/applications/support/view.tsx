/** The support desk's view of a run: the conversation with its sources, what was done, and who takes over. */
import { Badge, Box, Card, Group, List, Stack, Table, Text } from "@mantine/core";
import { useMemo } from "react";
import type { RunTabProps } from "@/features/run/tab";
import { Moment } from "@/kit/moments";
import { Section } from "@/kit/section";
import { Nothing } from "@/kit/states";
import { Thumbs } from "@/kit/thumbs";
import { support as text } from "@/strings/support";
import {
  type Conversation,
  conversationOf,
  type Done,
  linesOf,
  type Said,
  withoutSources,
} from "./conversation";

export default function ConversationTab({ run, view }: RunTabProps) {
  const conversation = useMemo(() => conversationOf(view.entries), [view.entries]);
  if (conversation.said.length === 0) return <Nothing title={text.nothing} hint={text.nothingHint} />;
  return (
    <Stack gap="lg" data-testid="support-conversation">
      <Sorted conversation={conversation} />
      <Section title={text.tab}>
        <Stack gap="sm">
          {conversation.said.map((said) => (
            <SaidView key={said.seq} runId={run.id} said={said} />
          ))}
        </Stack>
      </Section>
      {conversation.summary && (
        <Section title={text.handedOver}>
          <Card withBorder padding="sm" data-testid="hand-over">
            <Text size="xs" c="dimmed">
              {text.handOverHint}
            </Text>
            {linesOf(conversation.summary).map((line) => (
              <Text key={line} size="sm">
                {line}
              </Text>
            ))}
          </Card>
        </Section>
      )}
      <Section title={text.actions}>
        {conversation.done.length > 0 ? (
          <Actions done={conversation.done} />
        ) : (
          <Text size="sm" c="dimmed">
            {text.noActions}
          </Text>
        )}
      </Section>
    </Stack>
  );
}

function Sorted({ conversation }: { readonly conversation: Conversation }) {
  const { topic, urgency, language, isVerified } = conversation;
  const facts = [
    [text.topic, topic.replaceAll("_", " ")],
    [text.urgency, urgency],
    [text.language, language],
    [text.verified, isVerified ? text.isVerified : text.notVerified],
  ] as const;
  return (
    <Group gap="xs" data-testid="sorted">
      {facts.map(([name, value]) =>
        value ? (
          <Badge
            key={name}
            variant="light"
            color={value === "high" || value === "critical" ? "amber" : "gray"}
          >
            {`${name}: ${value}`}
          </Badge>
        ) : null,
      )}
    </Group>
  );
}

function SaidView({ runId, said }: { readonly runId: string; readonly said: Said }) {
  return (
    <Card withBorder padding="sm" data-testid="message" data-by={said.by}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          {text.speakers[said.by]}
        </Text>
        <Text size="xs" c="dimmed" component="div">
          <Moment at={said.at} short />
        </Text>
      </Group>
      <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
        {said.by === "desk" ? withoutSources(said.text) : said.text}
      </Text>
      {said.sources.length > 0 && (
        <Box mt="xs" data-testid="citations">
          <Text size="xs" c="dimmed">
            {text.sources}
          </Text>
          <List size="xs" type="ordered">
            {said.sources.map((source) => (
              <List.Item key={source}>{source}</List.Item>
            ))}
          </List>
        </Box>
      )}
      {said.by === "desk" && (
        <Box mt="xs">
          <Thumbs runId={runId} step={said.step} message={said.key} />
        </Box>
      )}
    </Card>
  );
}

const COLOURS = { done: "green", failed: "red", open: "gray", asked: "amber" } as const;

function Actions({ done }: { readonly done: readonly Done[] }) {
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table aria-label={text.actions} data-testid="actions">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.action}</Table.Th>
            <Table.Th>{text.decision}</Table.Th>
            <Table.Th>{text.outcome}</Table.Th>
            <Table.Th>{text.at}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {done.map((action) => (
            <Table.Tr key={action.key}>
              <Table.Td className="mono">{action.tool}</Table.Td>
              <Table.Td>
                {text.verdicts[action.verdict] ?? action.verdict}
                <Text size="xs" c="dimmed">
                  {action.reasons.join(" ")}
                </Text>
              </Table.Td>
              <Table.Td>
                <Badge variant="light" color={COLOURS[action.outcome]}>
                  {text.outcomes[action.outcome]}
                </Badge>
              </Table.Td>
              <Table.Td>
                <Moment at={action.at} short />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
