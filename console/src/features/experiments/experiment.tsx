/** One experiment: its arms, what came of them, what that means, and what can be done. */
import { Group, List, Stack, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { $api, type Schema } from "@/api/client";
import { countText, percentText } from "@/kit/figures";
import { durationOf, Moment } from "@/kit/moments";
import { Page } from "@/kit/page";
import { Part } from "@/kit/part";
import { Loaded } from "@/kit/states";
import { experiments as text } from "@/strings/experiments";
import { Arms } from "./arms";
import { Changes } from "./changes";
import { Intervals } from "./interval";
import { StateBadge } from "./state-badge";
import { guardText } from "./words";

type Experiment = Schema<"Experiment">;

export default function ExperimentScreen() {
  const { experimentId } = useParams({ strict: false }) as { experimentId: string };
  const query = $api.useQuery(
    "get",
    "/api/v1/experiments/{experiment_id}",
    { params: { path: { experiment_id: experimentId } } },
    { refetchInterval: ({ state }) => (state.data?.state === "running" ? 5_000 : false) },
  );
  return <Loaded query={query}>{(experiment) => <Shown experiment={experiment} />}</Loaded>;
}

function Shown({ experiment }: { readonly experiment: Experiment }) {
  const { words } = experiment.result;
  return (
    <Page
      title={experiment.name}
      summary={<Summary experiment={experiment} />}
      actions={<Changes experiment={experiment} />}
    >
      {experiment.rollout && <Stages experiment={experiment} rollout={experiment.rollout} />}
      <Part
        title={text.conclusions}
        hint={text.chance(percentText(1 - experiment.alpha))}
        testId="conclusions"
      >
        {words.length === 0 ? (
          <Text>{text.nothingYet}</Text>
        ) : (
          <List>
            {words.map((sentence) => (
              <List.Item key={sentence}>{sentence}</List.Item>
            ))}
          </List>
        )}
      </Part>
      <Arms experiment={experiment} />
      <Differences experiment={experiment} />
      <Guards guards={experiment.guards} />
    </Page>
  );
}

function Summary({ experiment }: { readonly experiment: Experiment }) {
  const { about, key, everybody, made_by, made_at, started_at, ended_at, winner, why } = experiment;
  return (
    <Stack gap={2}>
      <Group gap="xs">
        <StateBadge state={experiment.state} />
        <span>{about}</span>
        <span>{`${text.splitBy} ${text.keys[key]}`}</span>
        {everybody && <span>{text.everybody}</span>}
      </Group>
      <Group gap="xs">
        <span>{`${text.made} ${text.by(made_by)}`}</span>
        <Moment at={made_at} />
        {started_at && (
          <span>
            {`${text.started} `}
            <Moment at={started_at} />
          </span>
        )}
        {ended_at && (
          <span>
            {`${text.ended} `}
            <Moment at={ended_at} />
          </span>
        )}
      </Group>
      {winner && <span>{text.winner(winner)}</span>}
      {why && <span>{text.why(why)}</span>}
    </Stack>
  );
}

interface StagesProps {
  readonly experiment: Experiment;
  readonly rollout: Schema<"Rollout-Output">;
}

function Stages({ experiment: { stage, stage_since }, rollout }: StagesProps) {
  const { stages, minimum_calls, minimum_seconds } = rollout;
  const told = stages.map((share) => text.shareOf(share)).join(" → ");
  return (
    <Text size="sm">
      {`${text.stage((stage ?? 0) + 1, stages.length, told)}. ${text.goesOn(
        countText(minimum_calls),
        durationOf(minimum_seconds),
      )} `}
      {stage_since && (
        <>
          {`${text.stageSince} `}
          <Moment at={stage_since} />
        </>
      )}
    </Text>
  );
}

function Differences({ experiment: { result, guards } }: { readonly experiment: Experiment }) {
  const metrics = [...new Set(result.differences.map(({ metric }) => metric))];
  return (
    <Part title={text.differences} hint={text.differencesHint} testId="differences">
      <Stack gap="lg">
        {metrics.map((metric) => (
          <Intervals
            key={metric}
            metric={metric}
            differences={result.differences.filter((one) => one.metric === metric)}
            worseBy={guards.find((guard) => guard.metric === metric)?.worse_by ?? null}
          />
        ))}
      </Stack>
    </Part>
  );
}

function Guards({ guards }: { readonly guards: readonly Schema<"Guard">[] }) {
  return (
    <Part title={text.guards} hint={text.guardsHint}>
      {guards.length === 0 && <Text>{text.noGuards}</Text>}
      <List>
        {guards.map((guard) => (
          <List.Item key={guard.metric}>{`${text.metrics[guard.metric]}: ${guardText(guard)}`}</List.Item>
        ))}
      </List>
    </Part>
  );
}
