/** All schedules: when each fires next, how it is, and what it did last. */
import { Badge, Button, Input, SegmentedControl, Stack, Text } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { optionsOf } from "@/kit/options";
import { Page } from "@/kit/page";
import { Nothing } from "@/kit/states";
import { dialogs } from "@/strings/dialogs";
import { names } from "@/strings/names";
import { schedules as text } from "@/strings/schedules";
import { ScheduleActions } from "./actions";
import { Editor } from "./editor";
import { NextFire, ScheduleState } from "./shown";

type Summary = Schema<"ScheduleSummary">;
type State = keyof typeof text.states;

const EVERY = 20_000;
const FILTERS: Record<State, { paused?: boolean; failing?: boolean }> = {
  all: {},
  active: { paused: false, failing: false },
  paused: { paused: true },
  failing: { failing: true },
};

export default function SchedulesScreen() {
  const { state: asked } = useSearch({ strict: false }) as { state?: string };
  const state: State = asked !== undefined && asked in FILTERS ? (asked as State) : "all";
  const navigate = useNavigate();
  const mayManage = useCan()("schedules:manage");
  const [isMaking, setMaking] = useState(false);
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/schedules",
    { params: { query: FILTERS[state] } },
    { ...PAGES, refetchInterval: EVERY },
  );
  return (
    <Page
      title={names.schedules}
      summary={text.summary}
      actions={mayManage && <Button onClick={() => setMaking(true)}>{text.create}</Button>}
    >
      <Input.Wrapper label={text.show} labelElement="div">
        <SegmentedControl
          aria-label={text.show}
          data={optionsOf(text.states)}
          value={state}
          onChange={(value) =>
            void navigate({ to: "/schedules", search: value === "all" ? {} : { state: value } })
          }
        />
      </Input.Wrapper>
      <PagedListing
        query={query}
        label={names.schedules}
        columns={mayManage ? [...COLUMNS, ACTIONS] : COLUMNS}
        keyOf={({ id }) => id}
        empty={<Nothing title={text.none} hint={text.noneHint} />}
      />
      {isMaking && (
        <Editor
          onClose={() => setMaking(false)}
          onDone={({ id }) => void navigate({ to: "/schedules/$scheduleId", params: { scheduleId: id } })}
        />
      )}
    </Page>
  );
}

const COLUMNS: Column<Summary>[] = [
  {
    header: text.name,
    cell: ({ id, name, workflow }) => (
      <Stack gap={0}>
        <Link to="/schedules/$scheduleId" params={{ scheduleId: id }}>
          {name}
        </Link>
        <Text size="xs" c="dimmed">
          {workflow}
        </Text>
      </Stack>
    ),
  },
  { header: text.state, cell: (schedule) => <ScheduleState schedule={schedule} /> },
  {
    header: text.rhythm,
    cell: ({ rhythm, queued }) => (
      <Stack gap={0} align="flex-start">
        <Text size="sm">{rhythm}</Text>
        {queued > 0 && (
          <Badge variant="light" color="gray">
            {text.queued(queued)}
          </Badge>
        )}
      </Stack>
    ),
  },
  {
    header: text.next,
    cell: ({ next_at, time_zone, paused }) => <NextFire at={next_at} zone={time_zone} isPaused={paused} />,
  },
  {
    header: text.last,
    cell: ({ last_at, last_run_id, time_zone }) => (
      <Stack gap={0}>
        <NextFire at={last_at} zone={time_zone} isPast />
        {last_run_id && (
          <Link to="/runs/$runId" params={{ runId: last_run_id }}>
            {text.run}
          </Link>
        )}
      </Stack>
    ),
  },
];

const ACTIONS: Column<Summary> = {
  header: dialogs.actions,
  cell: (schedule) => <ScheduleActions schedule={schedule} />,
};
