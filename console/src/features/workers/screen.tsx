/** Who executes runs, what waits, what is stranded, and which limits hold. */
import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { $api } from "@/api/client";
import { useCan } from "@/app/session";
import { AsOf } from "@/kit/as-of";
import { LimitsTable } from "@/kit/limits-table";
import { Page } from "@/kit/page";
import { Section } from "@/kit/section";
import { Failure, Loaded } from "@/kit/states";
import { names } from "@/strings/names";
import { workers as text } from "@/strings/workers";
import { Queue } from "./queue";
import { Stranded } from "./stranded";
import { WorkersTable } from "./table";

/** Milliseconds. A person may ask a thousand times an hour, and this screen asks for four things. */
const EVERY = { workers: 10_000, statistics: 30_000 };

export default function WorkersScreen() {
  const workers = $api.useQuery("get", "/api/v1/workers", {}, { refetchInterval: EVERY.workers });
  const statistics = $api.useQuery(
    "get",
    "/api/v1/runs/statistics",
    {},
    { refetchInterval: EVERY.statistics },
  );
  const limits = $api.useQuery("get", "/api/v1/limits");
  const mayRead = useCan()("runs:read");
  return (
    <Page title={names.workers} summary={text.summary} actions={<AsOf query={workers} />}>
      {workers.error && workers.data && (
        <Failure error={workers.error} retry={() => void workers.refetch()} />
      )}
      <Section title={text.workers}>
        <Loaded query={workers}>{({ items }) => <WorkersTable workers={items} />}</Loaded>
      </Section>
      {mayRead && (
        <>
          <Section title={text.queue}>
            <Loaded query={statistics}>{(figures) => <Queue figures={figures} />}</Loaded>
          </Section>
          <Section title={text.stranded}>
            <Stranded />
          </Section>
        </>
      )}
      <Section title={text.limits}>
        <Stack gap="xs">
          <Text size="sm" c="dimmed">
            {text.limitsHint}{" "}
            <Anchor component={Link} to="/settings/limits" underline="always">
              {text.changeLimits}
            </Anchor>
          </Text>
          <Loaded query={limits}>
            {({ items }) => <LimitsTable limits={items} empty={<Text size="sm">{text.noLimits}</Text>} />}
          </Loaded>
        </Stack>
      </Section>
    </Page>
  );
}
