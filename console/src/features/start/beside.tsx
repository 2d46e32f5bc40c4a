/** Beside the box: what waits for the person who looks, and the runs that were last made. */

import { Anchor, Badge, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { $api, type Schema } from "@/api/client";
import { StatusBadge } from "@/kit/badges";
import { durationOf } from "@/kit/moments";
import { Loaded } from "@/kit/states";
import { utcOf } from "@/kit/utc";
import { start as text } from "@/strings/start";
import classes from "./start.module.css";

/** Of each list; more are on screens of their own. */
const SHOWN = 8;
const COUNTED = 50;

export const RECENT = { params: { query: { limit: SHOWN } } } as const;
export const WAITING = { params: { query: { mine: true, limit: COUNTED } } } as const;

export function Waiting() {
  const query = $api.useQuery("get", "/api/v1/questions", WAITING);
  return (
    <Panel title={text.waiting} to="/inbox" more={text.toInbox}>
      <Loaded query={query}>
        {({ items, next_cursor }) =>
          items.length === 0 ? (
            <Empty title={text.nothingWaits} hint={text.nothingWaitsHint} />
          ) : (
            <>
              <Text size="sm" fw={600} data-testid="waiting-count">
                {text.waitingCount(items.length, next_cursor != null)}
              </Text>
              {items.slice(0, SHOWN).map((question) => (
                <QuestionRow key={question.id} question={question} />
              ))}
            </>
          )
        }
      </Loaded>
    </Panel>
  );
}

function QuestionRow({ question }: { readonly question: Schema<"Question"> }) {
  return (
    <Link to="/runs/$runId" params={{ runId: question.run_id }} className={classes.row ?? ""}>
      <Text component="span" size="sm" lineClamp={2}>
        {question.prompt}
      </Text>
      {question.kind === "approval" && (
        <Badge variant="light" color="amber" style={{ flex: "none" }}>
          {text.approval}
        </Badge>
      )}
    </Link>
  );
}

export function Recent({ now }: { readonly now: number }) {
  const query = $api.useQuery("get", "/api/v1/runs", RECENT);
  return (
    <Panel title={text.recent} to="/runs" more={text.allRuns}>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={text.noRecent} hint={text.noRecentHint} />
          ) : (
            items.map((run) => (
              <Link
                key={run.id}
                to="/runs/$runId"
                params={{ runId: run.id }}
                className={classes.row ?? ""}
                data-testid="recent-run"
              >
                <Text component="span" size="sm">
                  {run.workflow}
                </Text>
                <Group component="span" gap="xs" wrap="nowrap">
                  <Text
                    component="time"
                    dateTime={run.created_at}
                    title={utcOf(run.created_at)}
                    size="xs"
                    c="dimmed"
                    className="numeric"
                  >
                    {text.age(durationOf(Math.max(0, now - Date.parse(run.created_at)) / 1000))}
                  </Text>
                  <StatusBadge status={run.status} />
                </Group>
              </Link>
            ))
          )
        }
      </Loaded>
    </Panel>
  );
}

interface PanelProps {
  readonly title: string;
  readonly to: string;
  readonly more: string;
  readonly children: ReactNode;
}

function Panel({ title, to, more, children }: PanelProps) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title} mih={180}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {title}
        </Title>
        <Anchor component={Link} to={to} size="sm" className={classes.more ?? ""}>
          {more}
        </Anchor>
      </Group>
      <Stack gap={2}>{children}</Stack>
    </Paper>
  );
}

function Empty({ title, hint }: { readonly title: string; readonly hint: string }) {
  return (
    <div>
      <Text size="sm">{title}</Text>
      <Text size="sm" c="dimmed">
        {hint}
      </Text>
    </div>
  );
}
