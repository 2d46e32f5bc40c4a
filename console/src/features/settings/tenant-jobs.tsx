/** Exports and erasures of a tenant: how far they are, and what came of them. */
import { Anchor, Code, Stack, Text } from "@mantine/core";
import { $api, type Schema } from "@/api/client";
import { pretty } from "@/kit/json";
import { type Column, Listing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { StateBadge } from "@/kit/state-badge";
import { Loaded } from "@/kit/states";
import { common } from "@/strings/common";
import { tenants as text } from "@/strings/settings";

type Job = Schema<"Job">;

const COLOURS = { queued: "gray", running: "blue", completed: "green", failed: "red" } as const;
/** Milliseconds between two looks at what is not over. */
const EVERY = 2_000;

export function TenantJobs({ tenantId }: { readonly tenantId: string }) {
  const query = $api.useQuery(
    "get",
    "/api/v1/tenants/{tenant_id}/jobs",
    { params: { path: { tenant_id: tenantId }, query: { limit: 50 } } },
    { refetchInterval: ({ state }) => (state.data?.items.some(isUnderWay) ? EVERY : false) },
  );
  return (
    <Loaded query={query}>
      {({ items }) => (
        <Listing
          label={text.jobs}
          columns={COLUMNS}
          rows={items}
          keyOf={({ id }) => id}
          empty={
            <Text size="sm" c="dimmed">
              {text.noJobs}
            </Text>
          }
        />
      )}
    </Loaded>
  );
}

function isUnderWay({ status }: Job): boolean {
  return status === "queued" || status === "running";
}

const COLUMNS: Column<Job>[] = [
  { header: text.kind, cell: ({ kind }) => text.kinds[kind] },
  {
    header: text.status,
    cell: ({ status, failure }) => (
      <Stack gap={2} align="flex-start">
        <StateBadge state={status} label={text.jobStatuses[status]} color={COLOURS[status]} />
        {failure && <Text size="xs">{failure}</Text>}
      </Stack>
    ),
  },
  { header: text.progress, cell: ({ stage, done }) => text.at(stage, done) },
  {
    header: text.asked,
    cell: ({ created_at, asked_by }) => (
      <Stack gap={0}>
        <Moment at={created_at} />
        <Text size="xs" c="dimmed">
          {text.by(asked_by)}
        </Text>
      </Stack>
    ),
  },
  { header: text.file, cell: (job) => <File job={job} /> },
  {
    header: text.report,
    cell: ({ report }) =>
      Object.keys(report).length > 0 && (
        <details>
          <summary>{common.open}</summary>
          <Code block>{pretty(report)}</Code>
        </details>
      ),
  },
];

function File({ job }: { readonly job: Job }) {
  const isThere = job.kind === "export" && job.status === "completed";
  if (!isThere || (job.expires_at && Date.parse(job.expires_at) < Date.now())) return null;
  return (
    <Stack gap={0}>
      <Anchor
        href={`/api/v1/tenants/${encodeURIComponent(job.tenant_id)}/jobs/${job.id}/content`}
        download
        underline="always"
        size="sm"
      >
        {text.fetch}
      </Anchor>
      {job.expires_at && (
        <Text size="xs" c="dimmed" component="div">
          {text.until} <Moment at={job.expires_at} />
        </Text>
      )}
    </Stack>
  );
}
