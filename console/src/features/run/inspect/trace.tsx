/** The run's trace: spans as its journal tells them, and the same for a collector. */
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { useMemo } from "react";
import { $api, type Schema } from "@/api/client";
import { useNow } from "@/kit/clock";
import { Loaded, Nothing } from "@/kit/states";
import { inspect } from "@/strings/inspect";
import type { RunTabProps } from "../tab";
import { axisOf } from "./timeline-model";
import { barsOfSpans, type Span } from "./trace-model";
import { Waterfall } from "./waterfall";

const text = inspect.trace;
/** Milliseconds between two looks at the trace of a run that goes on. */
const ANEW = 3_000;
const ENDED = new Set(["completed", "failed", "cancelled"]);

export default function TraceTab({ run }: RunTabProps) {
  const path = { run_id: run.id };
  const isOver = ENDED.has(run.status);
  const query = $api.useQuery(
    "get",
    "/api/v1/runs/{run_id}/trace",
    { params: { path } },
    { refetchInterval: isOver ? false : ANEW, placeholderData: keepPreviousData },
  );
  return <Loaded query={query}>{(trace) => "spans" in trace && <Spans trace={trace} />}</Loaded>;
}

interface SpansProps {
  readonly trace: Omit<Schema<"RunTrace">, "spans"> & { readonly spans: readonly Span[] };
}

function Spans({ trace }: SpansProps) {
  const bars = useMemo(() => barsOfSpans(trace.spans), [trace.spans]);
  const clock = useNow({ isTicking: bars.some(({ end }) => end === null) });
  const isOpen = bars.some(({ end }) => end === null);
  const last = Math.max(...bars.map(({ begin, end }) => end ?? begin));
  const now = isOpen ? Math.max(clock, last) : last;
  const from = Math.min(...bars.map(({ begin }) => begin));
  const axis = useMemo(() => axisOf(from, now), [from, now]);
  if (bars.length === 0) return <Nothing title={text.none} hint={text.noneHint} />;
  const failed = bars.filter(({ tone }) => tone === "failed").length;
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <div>
          <Text size="sm">
            {text.id} <span className="mono">{trace.trace_id}</span>
          </Text>
          <Text size="xs" c="dimmed" data-testid="trace-summary">
            {[
              text.spans(bars.length),
              trace.sampled ? text.sampled : text.unsampled,
              ...(failed > 0 ? [text.failedCount(failed)] : []),
              ...(trace.request_id ? [`${text.request} ${trace.request_id}`] : []),
            ].join(" · ")}
          </Text>
        </div>
        <Button
          component="a"
          href={`/api/v1/runs/${trace.run_id}/trace?format=otlp`}
          download={`trace-${trace.run_id}.json`}
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} />}
        >
          {text.download}
        </Button>
      </Group>
      {trace.truncated && (
        <Alert color="amber" variant="light">
          {text.truncated}
        </Alert>
      )}
      <Waterfall bars={bars} axis={axis} now={now} label={text.label} heading={text.span} />
      <Text size="xs" c="dimmed">
        {text.inexact}
      </Text>
    </Stack>
  );
}
