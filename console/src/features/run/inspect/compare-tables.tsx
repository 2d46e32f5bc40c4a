/** The parts of a comparison: differences of a value, steps by key, and decisions. */
import { Badge, Group, Stack, Table, Text, Title } from "@mantine/core";
import { type ReactNode, useMemo } from "react";
import { ConfidenceBadge } from "@/kit/badges";
import { JsonView } from "@/kit/json-view";
import { durationOf } from "@/kit/moments";
import { inspect } from "@/strings/inspect";
import type { Card } from "../journal";
import type { Pair } from "./compare-model";
import { type Change, differences } from "./json-diff";
import { type Part, takenBy } from "./outline";
import { StateMark } from "./state-mark";

const text = inspect.compare;
const COLOURS: Readonly<Record<Change["kind"], string>> = {
  added: "green",
  removed: "red",
  changed: "amber",
};
/** Differences that are shown. */
const MOST = 300;

interface ColumnsProps {
  readonly title: string;
  readonly heads: readonly string[];
  readonly testId: string;
  readonly children: ReactNode;
}

export function Columns({ title, heads, testId, children }: ColumnsProps) {
  return (
    <Stack gap={4} component="section" aria-label={title} data-testid={testId}>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Table.ScrollContainer minWidth={560}>
        <Table layout="fixed" verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              {heads.map((head) => (
                <Table.Th key={head}>{head}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>{children}</Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

interface ChangesProps {
  readonly title: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly testId: string;
}

export function Changes({ title, before, after, testId }: ChangesProps) {
  const changes = useMemo(() => differences(before, after), [before, after]);
  if (changes.length === 0) {
    return (
      <Stack gap={4} component="section" aria-label={title} data-testid={testId}>
        <Title order={2} size="h4">
          {title}
        </Title>
        <Text c="dimmed">{text.same}</Text>
      </Stack>
    );
  }
  const count = text.changeCount(changes.length);
  return (
    <Columns title={`${title}: ${count}`} heads={[text.path, text.thisRun, text.otherRun]} testId={testId}>
      {changes.slice(0, MOST).map((change) => (
        <ChangeRow key={change.path.join("\u0000")} change={change} />
      ))}
      {changes.length > MOST && (
        <Table.Tr>
          <Table.Td colSpan={3}>{text.moreChanges(changes.length - MOST)}</Table.Td>
        </Table.Tr>
      )}
    </Columns>
  );
}

function ChangeRow({ change: { path, kind, before, after } }: { readonly change: Change }) {
  return (
    <Table.Tr data-change={kind}>
      <Table.Td>
        <Text className="mono" style={{ overflowWrap: "anywhere" }}>
          {path.join(" › ") || text.whole}
        </Text>
        <Badge size="sm" variant="light" color={COLOURS[kind]}>
          {text.changes[kind]}
        </Badge>
      </Table.Td>
      <Table.Td>{kind === "added" ? <Absent /> : <JsonView value={before} open={0} />}</Table.Td>
      <Table.Td>{kind === "removed" ? <Absent /> : <JsonView value={after} open={0} />}</Table.Td>
    </Table.Tr>
  );
}

function Absent() {
  return (
    <Text size="sm" c="dimmed">
      {text.absent}
    </Text>
  );
}

interface StepsProps {
  readonly pairs: readonly Pair<Part>[];
  readonly now: number;
}

export function StepTimes({ pairs, now }: StepsProps) {
  return (
    <Columns
      title={text.stepTimes}
      heads={[inspect.journal.key, text.thisRun, text.otherRun, text.difference]}
      testId="compare-steps"
    >
      {pairs.map(({ key, one, other }) => (
        <Table.Tr key={key}>
          <Table.Td className="mono" style={{ overflowWrap: "anywhere" }}>
            {key}
          </Table.Td>
          <Table.Td>{one ? <Took part={one} now={now} /> : <Absent />}</Table.Td>
          <Table.Td>{other ? <Took part={other} now={now} /> : <Absent />}</Table.Td>
          <Table.Td className="numeric">{one && other && differenceOf(one, other, now)}</Table.Td>
        </Table.Tr>
      ))}
    </Columns>
  );
}

function Took({ part, now }: { readonly part: Part; readonly now: number }) {
  const took = durationOf(takenBy(part, now) / 1000);
  return (
    <Group gap={6}>
      <StateMark state={part.state} />
      <span className="numeric">{part.exact ? took : inspect.about(took)}</span>
    </Group>
  );
}

function differenceOf(one: Part, other: Part, now: number): string {
  const more = (takenBy(other, now) - takenBy(one, now)) / 1000;
  return `${more < 0 ? "−" : "+"}${durationOf(Math.abs(more))}`;
}

export function Decisions({ pairs }: { readonly pairs: readonly Pair<Card>[] }) {
  if (pairs.length === 0) return <Text c="dimmed">{text.noCards}</Text>;
  return (
    <Columns
      title={text.decisions}
      heads={[inspect.journal.key, text.thisRun, text.otherRun]}
      testId="compare-decisions"
    >
      {pairs.map(({ key, one, other }) => (
        <Table.Tr key={key}>
          <Table.Td className="mono" style={{ overflowWrap: "anywhere" }}>
            {key}
          </Table.Td>
          <Table.Td>{one ? <Decided card={one} /> : <Absent />}</Table.Td>
          <Table.Td>{other ? <Decided card={other} /> : <Absent />}</Table.Td>
        </Table.Tr>
      ))}
    </Columns>
  );
}

function Decided({ card }: { readonly card: Card }) {
  return (
    <Stack gap={4} align="flex-start">
      <Text size="sm">{card.decision}</Text>
      <ConfidenceBadge confidence={card.confidence} />
    </Stack>
  );
}
