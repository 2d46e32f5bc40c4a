/** Sums of calls: bars over time, and a table with the total. */
import { Group, NativeSelect, Stack, Text } from "@mantine/core";
import { lazy, Suspense } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { useAddress } from "@/kit/address";
import { Loaded, Loading, Nothing } from "@/kit/states";
import { usage as text } from "@/strings/usage";
import {
  bucketOf,
  type Filters,
  groupsOf,
  type Measure,
  oneOf,
  type Period,
  sizeOf,
  type Thing,
} from "./asked";
import { pivot } from "./pivot";
import { SumsTable } from "./sums-table";

const Chart = lazy(() => import("./chart"));

interface ReportProps {
  readonly since: string;
  readonly now: number;
  readonly period: Period;
  readonly filters: Filters;
}

export function Report({ since, now, period, filters }: ReportProps) {
  const { get, set } = useAddress();
  const can = useCan();
  const thing = oneOf(get("by"), text.things, "model");
  const measure = oneOf(get("measure"), text.measures, "cost");
  const report = $api.useQuery("get", "/api/v1/usage", {
    params: { query: { since, by: groupsOf(thing), limit: 200, ...filters } },
  });
  return (
    <Stack gap="md">
      <Group gap="xs">
        <Choice label={text.by} value={thing} data={text.things} onChange={(by) => set({ by })} />
        <Choice
          label={text.measure}
          value={measure}
          data={text.measures}
          onChange={(chosen) => set({ measure: chosen })}
        />
      </Group>
      <Loaded query={report}>
        {(found) =>
          found.total.calls === 0 ? (
            <Nothing
              title={text.none}
              hint={text.noneHint}
              {...(can("models:read") ? { action: { label: text.toModels, to: "/models" } } : {})}
            />
          ) : (
            <>
              <OverTime {...{ since, now, period, filters, thing, measure }} />
              <SumsTable report={found} thing={thing} />
            </>
          )
        }
      </Loaded>
    </Stack>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly data: Readonly<Record<string, string>>;
  readonly onChange: (value: string) => void;
}

function Choice({ label, value, data, onChange }: ChoiceProps) {
  return (
    <NativeSelect
      label={label}
      size="xs"
      value={value}
      data={Object.entries(data).map(([name, shown]) => ({ value: name, label: shown }))}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface OverTimeProps extends ReportProps {
  readonly thing: Thing;
  readonly measure: Measure;
}

function OverTime({ since, now, period, filters, thing, measure }: OverTimeProps) {
  const by: Schema<"By">[] = [bucketOf(period), ...groupsOf(thing)];
  const query = $api.useQuery("get", "/api/v1/usage", {
    params: { query: { since, by, limit: 1000, ...filters } },
  });
  return (
    <Loaded query={query}>
      {(found) => (
        <Suspense fallback={<Loading />}>
          <Chart
            bars={pivot(found.items, measure, { since: Date.parse(since), until: now, size: sizeOf(period) })}
            measure={measure}
            isHourly={bucketOf(period) === "hour"}
            label={text.chart(text.measures[measure], text.things[thing])}
          />
          {found.more && (
            <Text size="xs" c="dimmed">
              {text.more}
            </Text>
          )}
        </Suspense>
      )}
    </Loaded>
  );
}
