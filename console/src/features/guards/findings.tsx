/** What guards have found in texts of runs, of the audit log: types and numbers, and nothing of the texts. */
import { Anchor, Button, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Loaded, Nothing } from "@/kit/states";
import { guards as text } from "@/strings/guards";
import { ActBadge, SeverityBadge } from "./badges";

interface Summed {
  readonly type: string;
  readonly count: number;
  readonly severity: string;
  readonly action: string;
}

/** What an entry says was found. */
export function summedOf(details: Readonly<Record<string, unknown>>): readonly Summed[] {
  return Array.isArray(details.findings) ? (details.findings as Summed[]) : [];
}

export function Findings() {
  if (!useCan()("audit:read")) return <Nothing title={text.mayNotSee} hint={text.mayNotSeeHint} />;
  return <Listed />;
}

const COLUMNS: readonly Column<Schema<"EntrySummary">>[] = [
  { header: text.at, cell: ({ at }) => <Moment at={at} /> },
  { header: text.where, className: "mono", cell: ({ subject }) => subject },
  {
    header: text.run,
    className: "mono",
    cell: ({ run_id }) =>
      run_id ? (
        <Anchor
          component={Link}
          to="/runs/$runId"
          params={{ runId: run_id } as never}
          inherit
          underline="always"
        >
          {run_id.slice(0, 13)}
        </Anchor>
      ) : (
        text.noRun
      ),
  },
  { header: text.step, className: "mono", cell: ({ step }) => step ?? "" },
  { header: text.details, cell: ({ id }) => <Details id={id} /> },
];

function Listed() {
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/audit/entries",
    { params: { query: { kind: "guard", limit: 50 } } },
    PAGES,
  );
  return (
    <PagedListing
      query={query}
      label={text.tabs.findings}
      columns={COLUMNS}
      keyOf={({ id }) => id}
      width={720}
      rowTestId="guard-entry"
      empty={<Nothing title={text.noFindings} hint={text.noFindingsHint} />}
    />
  );
}

/** What was found; the list does not tell, so that each entry is asked for when somebody wants to know. */
function Details({ id }: { readonly id: string }) {
  const [wanted, setWanted] = useState(false);
  const query = $api.useQuery(
    "get",
    "/api/v1/audit/entries/{entry_id}",
    { params: { path: { entry_id: id } } },
    { enabled: wanted, staleTime: Number.POSITIVE_INFINITY },
  );
  if (!wanted)
    return (
      <Button size="compact-sm" variant="default" onClick={() => setWanted(true)}>
        {text.show}
      </Button>
    );
  return (
    <Loaded query={query}>
      {({ details }) =>
        summedOf(details).map(({ type, count, severity, action }) => (
          <Group key={`${type} ${action}`} gap={6} data-testid="guard-finding">
            <Text size="sm" className="mono">
              {text.counted(type, count)}
            </Text>
            <SeverityBadge severity={severity} />
            <ActBadge act={action} />
          </Group>
        ))
      }
    </Loaded>
  );
}
