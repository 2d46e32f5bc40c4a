/** What is to be known of a run at a glance: when, how long, by whom, where from, at what cost. */
import { Anchor, Badge, Group } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schema } from "@/api/client";
import { useNow } from "@/kit/clock";
import { durationOf, Moment, secondsBetween } from "@/kit/moments";
import { run as text } from "@/strings/run";
import { Fact } from "./fact";
import style from "./run.module.css";
import { RunUsage } from "./usage";
import { isFinal } from "./use-run";

interface FactsProps {
  readonly run: Schema<"Run">;
  readonly lastSeq: number;
}

export function Facts({ run, lastSeq }: FactsProps) {
  return (
    <Group component="dl" gap="4px 20px" m={0} aria-label={text.facts}>
      <Fact name={text.created}>
        <Moment at={run.created_at} />
      </Fact>
      <Fact name={text.duration}>
        <Duration run={run} />
      </Fact>
      <Fact name={text.startedBy}>{run.principal}</Fact>
      <Fact name={text.version}>{run.version}</Fact>
      <RunUsage runId={run.id} since={run.created_at} lastSeq={lastSeq} />
      <RunFact name={text.forkedFrom} id={run.forked_from} />
      <RunFact name={text.continuedFrom} id={run.continued_from} />
      <RunFact name={text.continuedAs} id={run.continued_as} />
      <Labels labels={run.labels} />
    </Group>
  );
}

function RunFact({ name, id }: { readonly name: string; readonly id: string | null }) {
  if (id === null) return null;
  return (
    <Fact name={name}>
      <Anchor
        size="sm"
        className={`mono ${style.link}`}
        renderRoot={(props) => <Link to="/runs/$runId" params={{ runId: id }} {...props} />}
      >
        {id.slice(-12)}
      </Anchor>
    </Fact>
  );
}

function Labels({ labels }: { readonly labels: Readonly<Record<string, string>> }) {
  const all = Object.entries(labels);
  if (all.length === 0) return null;
  return (
    <Fact name={text.labels}>
      <Group gap={4} component="span">
        {all.map(([key, value]) => (
          <Badge key={key} variant="light" color="gray" component="span">
            {`${key}: ${value}`}
          </Badge>
        ))}
      </Group>
    </Fact>
  );
}

/** It ticks while the run goes on. */
function Duration({ run }: { readonly run: Schema<"Run"> }) {
  const now = useNow({ isTicking: !isFinal(run.status) });
  const end = run.finished_at ?? new Date(now).toISOString();
  return <span>{durationOf(Math.max(0, secondsBetween(run.created_at, end)))}</span>;
}
