/** What there is to know of one step, beside the graph. */
import { ActionIcon, Alert, Anchor, Box, Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useNow } from "@/kit/clock";
import { JsonView } from "@/kit/json-view";
import { durationOf, Moment } from "@/kit/moments";
import { common } from "@/strings/common";
import { inspect } from "@/strings/inspect";
import type { CardAt, RunView } from "../journal";
import { ReasonCardView } from "../reason-card";
import { entriesOf, type Outline, type Part, takenBy } from "./outline";
import { StateMark } from "./state-mark";
import { useParams } from "./use-param";

const text = inspect.graph;

interface PanelProps {
  readonly part: Part;
  readonly outline: Outline;
  readonly runId: string;
  readonly view: RunView;
  readonly onOpen: (key: string | undefined) => void;
}

/** A reason card that is opened and closed by itself. */
function OpenedCard({ runId, at }: { readonly runId: string; readonly at: CardAt }) {
  const [isOpen, setOpen] = useState(false);
  return <ReasonCardView runId={runId} at={at} isOpen={isOpen} onToggle={(_, opened) => setOpen(opened)} />;
}

export function GraphPanel({ part, outline, runId, view, onOpen }: PanelProps) {
  const now = useNow({ isTicking: part.end === null });
  const [, choose] = useParams();
  const place = outline.parts.findIndex(({ key }) => key === part.key);
  const entries = entriesOf(view, part);
  const said = new Set(entries.map(({ seq }) => seq));
  return (
    <Stack gap="sm" data-testid="step-panel" component="section" aria-label={part.name}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Box miw={0}>
          <Title order={2} size="h4">
            {part.name}
          </Title>
          <Text className="mono" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {part.key}
          </Text>
        </Box>
        <Group gap={4} wrap="nowrap">
          <Step to={outline.parts[place - 1]} label={text.previous} onOpen={onOpen} icon={IconChevronUp} />
          <Step to={outline.parts[place + 1]} label={text.next} onOpen={onOpen} icon={IconChevronDown} />
          <ActionIcon variant="default" aria-label={common.close} onClick={() => onOpen(undefined)}>
            <IconX size={16} />
          </ActionIcon>
        </Group>
      </Group>
      <Group gap="sm">
        <StateMark state={part.state} />
        <Text size="sm">{inspect.verbs[part.verb]}</Text>
        {part.attempts > 1 && <Text size="sm">{inspect.attempt(part.attempts)}</Text>}
      </Group>
      <Text size="sm">
        {text.began} <Moment at={new Date(part.begin).toISOString()} />
      </Text>
      <Text size="sm" data-testid="step-duration">
        {text.duration} {durationOf(takenBy(part, now) / 1000)}
        {part.exact ? "" : ` · ${text.inexact}`}
      </Text>
      {part.failure && (
        <Alert color="red" title={`${text.failure}: ${part.failure.code}`}>
          <Text size="sm">{part.failure.message}</Text>
          {part.failure.hint && <Text size="sm">{part.failure.hint}</Text>}
          <Text size="xs">{part.failure.retryable ? text.retryable : text.final}</Text>
        </Alert>
      )}
      {view.cards
        .filter(({ seq }) => said.has(seq))
        .map((at) => (
          <OpenedCard key={at.seq} runId={runId} at={at} />
        ))}
      <Title order={3} size="h5">
        {text.entries}
      </Title>
      {entries.map(({ seq, kind, at, payload, encoding }) => (
        <Box key={seq}>
          <Group gap="xs">
            <Anchor
              component="button"
              size="sm"
              aria-label={text.inJournal(seq)}
              onClick={() => choose({ tab: "journal", entry: seq, step: undefined })}
            >
              {seq}
            </Anchor>
            <Text size="sm" fw={600}>
              {kind}
            </Text>
            <Text size="xs" c="dimmed" component="div">
              <Moment at={at} short />
            </Text>
          </Group>
          {encoding === "json" ? (
            <JsonView value={payload} open={0} />
          ) : (
            <Text size="xs" c="dimmed">
              {inspect.journal.encodings[encoding]}
            </Text>
          )}
        </Box>
      ))}
    </Stack>
  );
}

interface StepProps {
  readonly to: Part | undefined;
  readonly label: string;
  readonly icon: typeof IconX;
  readonly onOpen: (key: string) => void;
}

function Step({ to, label, icon: Icon, onOpen }: StepProps) {
  return (
    <Button
      variant="default"
      size="compact-sm"
      aria-label={label}
      disabled={to === undefined}
      onClick={() => to && onOpen(to.key)}
    >
      <Icon size={16} />
    </Button>
  );
}
