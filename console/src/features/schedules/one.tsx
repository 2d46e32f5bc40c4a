/** One schedule: its next times, its settings and the runs that it has made. */
import { Alert, Anchor, Button, Code, List, SimpleGrid, Stack, Text } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { StatusBadge } from "@/kit/badges";
import { pretty } from "@/kit/json";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { durationOf, Moment, secondsBetween } from "@/kit/moments";
import { Page } from "@/kit/page";
import { Section } from "@/kit/section";
import { Loaded } from "@/kit/states";
import { common } from "@/strings/common";
import { names } from "@/strings/names";
import { schedules as text } from "@/strings/schedules";
import { ScheduleActions } from "./actions";
import { Editor } from "./editor";
import { NextFire, ScheduleState } from "./shown";

type Schedule = Schema<"Schedule">;

const EVERY = 10_000;

export default function ScheduleScreen() {
  const { scheduleId = "" } = useParams({ strict: false }) as { scheduleId?: string };
  const params = { path: { schedule_id: scheduleId } };
  const query = $api.useQuery(
    "get",
    "/api/v1/schedules/{schedule_id}",
    { params: { ...params, query: { fires: 5 } } },
    { refetchInterval: EVERY },
  );
  return <Loaded query={query}>{(schedule) => <Shown key={schedule.id} schedule={schedule} />}</Loaded>;
}

function Shown({ schedule }: { readonly schedule: Schedule }) {
  const mayManage = useCan()("schedules:manage");
  const [isEditing, setEditing] = useState(false);
  return (
    <Page
      title={`${names.schedule} ${schedule.name}`}
      summary={
        <>
          <ScheduleState schedule={schedule} /> {schedule.rhythm}
          {" · "}
          <Anchor component={Link} to="/schedules" underline="always" size="sm">
            {text.toList}
          </Anchor>
        </>
      }
      actions={
        mayManage && (
          <>
            <Button size="compact-sm" variant="default" onClick={() => setEditing(true)}>
              {text.edit}
            </Button>
            <ScheduleActions schedule={schedule} />
          </>
        )
      }
    >
      {schedule.failing && (
        <Alert color="red" title={text.failing}>
          <Text size="sm">{schedule.failing.reason}</Text>
          <Text size="sm" component="div">
            {text.failingSince} <Moment at={schedule.failing.since} />
          </Text>
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Section title={text.nextFires}>
          <NextFires schedule={schedule} />
        </Section>
        <Section title={text.settings}>
          <Settings schedule={schedule} />
        </Section>
      </SimpleGrid>
      <Section title={text.runs}>
        <Runs scheduleId={schedule.id} />
      </Section>
      {isEditing && (
        <Editor schedule={schedule} onClose={() => setEditing(false)} onDone={() => setEditing(false)} />
      )}
    </Page>
  );
}

function NextFires({ schedule: { next_fires, time_zone, paused } }: { readonly schedule: Schedule }) {
  if (next_fires.length === 0) {
    return <Text size="sm">{paused ? text.whilePaused : text.noNextFires}</Text>;
  }
  return (
    <List size="sm" data-testid="next-fires">
      {next_fires.map((at) => (
        <List.Item key={at}>
          <NextFire at={at} zone={time_zone} />
        </List.Item>
      ))}
    </List>
  );
}

function Settings({ schedule }: { readonly schedule: Schedule }) {
  const { form } = text;
  const lines: [string, string][] = [
    [text.workflow, schedule.workflow],
    [text.version, schedule.version === null ? text.newest : String(schedule.version)],
    [form.zone, schedule.time_zone],
    [form.overlap, form.overlaps[schedule.overlap]],
    [form.missed, form.misseds[schedule.missed]],
  ];
  return (
    <Stack gap={4}>
      {lines.map(([label, value]) => (
        <Text key={label} size="sm">
          <Text span c="dimmed" inherit>{`${label}: `}</Text>
          {value}
        </Text>
      ))}
      {schedule.start_at && (
        <Text size="sm">
          {text.start} <Moment at={schedule.start_at} />
        </Text>
      )}
      {schedule.end_at && (
        <Text size="sm">
          {text.end} <Moment at={schedule.end_at} />
        </Text>
      )}
      <Text size="sm" c="dimmed">
        {text.input}
      </Text>
      <Code block tabIndex={0} aria-label={text.input}>
        {pretty(schedule.input)}
      </Code>
    </Stack>
  );
}

const RUNS: Column<Schema<"RunSummary">>[] = [
  {
    header: text.run,
    cell: ({ id }) => (
      <Link to="/runs/$runId" params={{ runId: id }} className="mono">
        {id}
      </Link>
    ),
  },
  { header: text.status, cell: ({ status }) => <StatusBadge status={status} /> },
  { header: text.submitted, cell: ({ created_at }) => <Moment at={created_at} /> },
  {
    header: text.took,
    cell: ({ created_at, finished_at }) =>
      finished_at ? durationOf(secondsBetween(created_at, finished_at)) : common.none,
  },
];

function Runs({ scheduleId }: { readonly scheduleId: string }) {
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/schedules/{schedule_id}/runs",
    { params: { path: { schedule_id: scheduleId }, query: { limit: 20 } } },
    { ...PAGES, refetchInterval: EVERY },
  );
  return (
    <PagedListing
      query={query}
      label={text.runs}
      columns={RUNS}
      keyOf={({ id }) => id}
      empty={
        <Text size="sm" c="dimmed">
          {text.noRuns}
        </Text>
      }
    />
  );
}
