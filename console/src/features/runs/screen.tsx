/** All runs: how many are in which state, when they were made, and the list of those that fit. */
import { Badge, Box, Button, Group } from "@mantine/core";
import { IconArrowUp } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useCan } from "@/app/session";
import { Page } from "@/kit/page";
import { useEvents } from "@/kit/use-events";
import { names } from "@/strings/names";
import { runs as text } from "@/strings/runs";
import { BulkBar } from "./bulk-bar";
import { Counts } from "./counts";
import { FilterBar } from "./filter-bar";
import { countOf } from "./filters";
import { RunTable } from "./table";
import { Timeline } from "./timeline";
import { useRuns } from "./use-runs";
import { useSelection } from "./use-selection";
import { useView } from "./use-view";

/** Milliseconds between two readings of the figures while runs do something. */
const FIGURES = 5_000;
/** From this on it is said that there are more. */
const COUNTED = 100;

export default function RunsScreen() {
  const [view, change] = useView();
  const list = useRuns(view);
  const selection = useSelection();
  const canOperate = useCan()("runs:operate");
  const readFigures = useFigures();
  const connection = useEvents((kinds) => {
    list.follow(kinds);
    readFigures();
  });
  return (
    <Page
      title={names.runs}
      actions={
        <Badge
          variant="light"
          color={connection === "connected" ? "green" : "gray"}
          data-testid="connection-status"
        >
          {connection === "connected" ? text.live : text.notLive}
        </Badge>
      }
    >
      <Counts view={view} change={change} />
      <Timeline view={view} change={change} />
      <Group justify="space-between" align="flex-start" gap="xs">
        <Box flex="1 1 300px">
          <FilterBar view={view} change={change} />
        </Box>
        {canOperate && <BulkBar view={view} selection={selection} done={list.refresh} />}
      </Group>
      <Box pos="relative">
        {list.news > 0 && view.sort !== "oldest" && (
          <Button
            size="compact-sm"
            leftSection={<IconArrowUp size={14} />}
            onClick={list.showNews}
            data-testid="new-runs"
            pos="absolute"
            top={44}
            left="50%"
            style={{ transform: "translateX(-50%)", zIndex: 2 }}
          >
            {text.news(list.news, list.news >= COUNTED)}
          </Button>
        )}
        <RunTable list={list} isFiltered={countOf(view) > 0} selection={canOperate ? selection : undefined} />
      </Box>
    </Page>
  );
}

/** Reads the figures anew, but not all the time. */
function useFigures(): () => void {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void queries.invalidateQueries({ queryKey: ["runs", "statistics"] });
      void queries.invalidateQueries({ queryKey: ["runs", "histogram"] });
    }, FIGURES);
  };
}
