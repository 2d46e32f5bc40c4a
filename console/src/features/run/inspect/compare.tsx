/** Two runs of one workflow side by side. */
import { Alert, Anchor, Button, Group, Stack, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { StatusBadge } from "@/kit/badges";
import { useNow } from "@/kit/clock";
import { durationOf, Moment, secondsBetween } from "@/kit/moments";
import { moneyText } from "@/kit/money";
import { Loaded } from "@/kit/states";
import { common } from "@/strings/common";
import { inspect } from "@/strings/inspect";
import { names } from "@/strings/names";
import type { RunView } from "../journal";
import type { RunTabProps } from "../tab";
import { alignedCards, alignedSteps } from "./compare-model";
import { ComparePicker } from "./compare-picker";
import { Changes, Columns, Decisions, StepTimes } from "./compare-tables";
import { outlineOf } from "./outline";
import { useOtherRun } from "./use-other-run";
import { useOutline } from "./use-outline";
import { useParams } from "./use-param";

const text = inspect.compare;
type Run = Schema<"Run">;

export default function CompareTab({ run, view }: RunTabProps) {
  const [read, choose] = useParams();
  const other = read("with");
  if (other === undefined) return <ComparePicker run={run} onChoose={(id) => choose({ with: id })} />;
  return (
    <Stack gap="md">
      <Group>
        <Button size="xs" variant="default" onClick={() => choose({ with: undefined })}>
          {text.another}
        </Button>
      </Group>
      <Beside key={other} run={run} view={view} otherId={other} />
    </Stack>
  );
}

interface BesideProps extends RunTabProps {
  readonly otherId: string;
}

function Beside({ run, view, otherId }: BesideProps) {
  const { run: other, journal } = useOtherRun(otherId);
  return (
    <Loaded query={other}>
      {(found) => (
        <Loaded query={journal}>
          {({ view: otherView, isWhole }) => (
            <>
              {!isWhole && <Alert color="amber">{text.longJournal}</Alert>}
              <Compared run={run} view={view} other={found} otherView={otherView} />
            </>
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

interface ComparedProps extends RunTabProps {
  readonly other: Run;
  readonly otherView: RunView;
}

function Compared({ run, view, other, otherView }: ComparedProps) {
  const one = useOutline(view);
  const two = useMemo(() => outlineOf(otherView), [otherView]);
  const now = useNow({ isTicking: !one.isOver || !two.isOver });
  return (
    <Stack gap="lg">
      <Summary run={run} other={other} now={now} steps={[one.parts.length, two.parts.length]} />
      <Changes title={text.input} before={run.input} after={other.input} testId="compare-input" />
      <Changes title={text.output} before={run.output} after={other.output} testId="compare-output" />
      <Decisions pairs={alignedCards(view, otherView)} />
      <StepTimes pairs={alignedSteps(one, two)} now={now} />
    </Stack>
  );
}

interface SummaryProps {
  readonly run: Run;
  readonly other: Run;
  readonly now: number;
  readonly steps: readonly [number, number];
}

function Summary({ run, other, now, steps }: SummaryProps) {
  const can = useCan();
  const both = [run, other] as const;
  return (
    <Columns title={text.summary} heads={[text.what, text.thisRun, text.otherRun]} testId="compare-summary">
      <Table.Tr>
        <Table.Td>{names.run}</Table.Td>
        {both.map(({ id }) => (
          <Table.Td key={id}>
            <Anchor component={Link} to={`/runs/${id}`} className="mono" style={{ overflowWrap: "anywhere" }}>
              {id}
            </Anchor>
          </Table.Td>
        ))}
      </Table.Tr>
      <Table.Tr>
        <Table.Td>{text.status}</Table.Td>
        {both.map(({ id, status }) => (
          <Table.Td key={id}>
            <StatusBadge status={status} />
          </Table.Td>
        ))}
      </Table.Tr>
      <Table.Tr>
        <Table.Td>{text.version}</Table.Td>
        {both.map(({ id, version }) => (
          <Table.Td key={id}>{version}</Table.Td>
        ))}
      </Table.Tr>
      <Table.Tr>
        <Table.Td>{text.submitted}</Table.Td>
        {both.map(({ id, created_at }) => (
          <Table.Td key={id}>
            <Moment at={created_at} />
          </Table.Td>
        ))}
      </Table.Tr>
      <Table.Tr>
        <Table.Td>{text.duration}</Table.Td>
        {both.map((each) => (
          <Table.Td key={each.id} className="numeric">
            {durationOf(secondsBetween(each.created_at, each.finished_at ?? new Date(now).toISOString()))}
          </Table.Td>
        ))}
      </Table.Tr>
      <Table.Tr>
        <Table.Td>{text.steps}</Table.Td>
        <Table.Td className="numeric">{steps[0]}</Table.Td>
        <Table.Td className="numeric">{steps[1]}</Table.Td>
      </Table.Tr>
      {can("usage:read") && (
        <Table.Tr>
          <Table.Td>{text.cost}</Table.Td>
          {both.map((each) => (
            <Table.Td key={each.id}>
              <Cost run={each} />
            </Table.Td>
          ))}
        </Table.Tr>
      )}
    </Columns>
  );
}

function Cost({ run }: { readonly run: Run }) {
  const { data, error } = $api.useQuery("get", "/api/v1/usage", {
    params: { query: { run_id: run.id, since: run.created_at } },
  });
  if (error) return <Text size="sm">{common.failed}</Text>;
  if (data === undefined) return <Text size="sm">{common.loading}</Text>;
  const { cost, calls } = data.total;
  return (
    <Text size="sm" className="numeric">
      {moneyText({ amount: cost, currency: "USD" })}
      {`, ${text.calls(calls)}`}
    </Text>
  );
}
