/** When runs were made: the histogram with the time that it shows, and what it says in words. */
import { Box, Group, SegmentedControl, Text } from "@mantine/core";
import { Failure } from "@/kit/states";
import { common } from "@/strings/common";
import { runs as text } from "@/strings/runs";
import { Chart } from "./chart";
import { SPANS, type Span, type View } from "./filters";
import { STACK, totalsOf } from "./histogram";
import classes from "./runs.module.css";
import { useHistogram } from "./use-figures";
import type { Change } from "./use-view";

export function Timeline({ view, change }: { readonly view: View; readonly change: Change }) {
  const query = useHistogram(view);
  const found = query.data;
  return (
    <Box component="section" aria-label={text.histogram}>
      <Group justify="space-between" gap="xs" mb={4}>
        <Text size="xs" c="dimmed">
          {found?.partial ? text.partial : text.histogramHint}
        </Text>
        <SegmentedControl
          size="xs"
          aria-label={text.span}
          data={(Object.keys(SPANS) as Span[]).map((span) => ({ value: span, label: text.spans[span] }))}
          value={view.span}
          onChange={(span) => change({ span: span as Span, after: "", before: "" })}
        />
      </Group>
      {found ? (
        <Chart found={found} label={wordsOf(found)} select={change} />
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : (
        <div className={classes.chart} />
      )}
    </Box>
  );
}

function wordsOf(found: Parameters<typeof totalsOf>[0]): string {
  const totals = totalsOf(found);
  const total = [...totals.values()].reduce((sum, count) => sum + count, 0);
  const parts = STACK.filter((status) => totals.has(status)).map(
    (status) => `${totals.get(status)} ${common.statuses[status].toLowerCase()}`,
  );
  return text.histogramTold(total, parts.join(", "));
}
