/** Past decisions made anew by a version: how many would differ, which, and why. */
import { Alert, Anchor, Badge, Button, Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { $api, type Schema } from "@/api/client";
import { fieldOf, momentOf } from "@/kit/local-moment";
import { Moment } from "@/kit/moments";
import { Failure, Nothing } from "@/kit/states";
import { Wide } from "@/kit/wide";
import { policies } from "@/strings/policies";
import { AnswerView } from "./state";

const text = policies.simulate;
const MOST = 20_000;

interface SimulateTabProps {
  readonly number: number;
  readonly isChanged: boolean;
  /** Replaying takes the permission to manage policies. */
  readonly canSimulate: boolean;
}

export function SimulateTab({ number, isChanged, canSimulate }: SimulateTabProps) {
  const { mutate, data, error, isPending } = $api.useMutation("post", "/api/v1/policies/{number}/simulate");
  const [last, setLast] = useState("1000");
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const count = Number(last);
  const isRight = Number.isInteger(count) && count >= 1 && count <= MOST;
  const run = () =>
    mutate({
      params: { path: { number } },
      body: { last: count, since: since || null, until: until || null },
    });
  function submit(event: FormEvent) {
    event.preventDefault();
    if (isRight) run();
  }
  if (!canSimulate) return <Text c="dimmed">{policies.needsManage}</Text>;
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {text.hint}
      </Text>
      {isChanged && <Alert color="amber">{text.unsaved}</Alert>}
      <form onSubmit={submit}>
        <Group align="flex-start" gap="xs">
          <TextInput
            label={text.last}
            inputMode="numeric"
            value={last}
            onChange={(event) => setLast(event.currentTarget.value)}
            error={isRight ? undefined : text.wrongLast}
            size="xs"
          />
          {(
            [
              [text.since, since, setSince],
              [text.until, until, setUntil],
            ] as const
          ).map(([label, value, put]) => (
            <TextInput
              key={label}
              type="datetime-local"
              label={label}
              value={fieldOf(value)}
              onChange={(event) => put(momentOf(event.currentTarget.value) ?? "")}
              size="xs"
            />
          ))}
          <Button type="submit" size="xs" mt={22} loading={isPending} disabled={!isRight}>
            {text.run}
          </Button>
        </Group>
      </form>
      {error && <Failure error={error} retry={run} />}
      {data && <Result found={data} />}
    </Stack>
  );
}

function Result({ found }: { readonly found: Schema<"Simulation"> }) {
  const unreadable = found.unreadable ?? 0;
  const named = policies.verdicts;
  return (
    <Stack gap="sm" data-testid="simulation">
      <Text fw={600} role="status" data-testid="simulation-summary">
        {text.summary(found.differing, found.replayed)}
      </Text>
      {unreadable > 0 && <Alert color="amber">{text.unreadable(unreadable)}</Alert>}
      {found.differing === 0 && <Nothing title={found.replayed === 0 ? text.nothing : text.none} />}
      {found.differing > 0 && (
        <>
          <Group gap="xs">
            {(found.changes ?? []).map(({ before, after, count }) => (
              <Badge key={`${before} ${after}`} variant="light" color="gray">
                {text.change(named[before], named[after], count)}
              </Badge>
            ))}
          </Group>
          <Text size="xs" c="dimmed">
            {text.examples}
          </Text>
          <Differences found={found.examples ?? []} />
        </>
      )}
    </Stack>
  );
}

function Differences({ found }: { readonly found: readonly Schema<"Difference">[] }) {
  return (
    <Wide label={text.label} width={820}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            {(["tool", "before", "after", "at", "run_"] as const).map((name) => (
              <Table.Th key={name}>{text[name]}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {found.map((one) => (
            <Table.Tr key={one.decision_id} data-testid="difference">
              <Table.Td className="mono">{one.tool}</Table.Td>
              <Table.Td>
                <AnswerView answer={one.before} />
              </Table.Td>
              <Table.Td>
                <AnswerView answer={one.after} />
              </Table.Td>
              <Table.Td>
                <Moment at={one.at} />
              </Table.Td>
              <Table.Td>
                <RunLink runId={one.run_id} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

export function RunLink({ runId }: { readonly runId: string }) {
  return (
    <Anchor component={Link} to="/runs/$runId" params={{ runId } as never} size="sm">
      {policies.decisions.openRun}
    </Anchor>
  );
}
