/** What guards have found in texts of runs, of the audit log: types and numbers, and nothing of the texts. */
import { Anchor, Button, Group, Stack, Table, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Moment } from "@/kit/moments";
import { Loaded, Nothing } from "@/kit/states";
import { common } from "@/strings/common";
import { guards as text } from "@/strings/guards";
import { ActBadge, SeverityBadge } from "./badges";

const LIST = "/api/v1/audit/entries";

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

function Listed() {
  const query = useInfiniteQuery({
    queryKey: ["get", LIST, "guard", "pages"],
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query = { kind: "guard" as const, limit: 50, ...(cursor !== undefined && { cursor }) };
      const { data } = await client.GET(LIST, { params: { query }, signal });
      return data as Schema<"Page_EntrySummary_">;
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const entries = pages.flatMap(({ items }) => items);
        if (entries.length === 0) return <Nothing title={text.noFindings} hint={text.noFindingsHint} />;
        return (
          <Stack>
            <Entries entries={entries} />
            {query.hasNextPage && (
              <Button
                variant="default"
                w="fit-content"
                loading={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                {common.more}
              </Button>
            )}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function Entries({ entries }: { readonly entries: readonly Schema<"EntrySummary">[] }) {
  return (
    <Table.ScrollContainer minWidth={720} type="native">
      <Table>
        <Table.Thead>
          <Table.Tr>
            {[text.at, text.where, text.run, text.step, text.details].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Table.Tr key={entry.id} data-testid="guard-entry">
              <Table.Td>
                <Moment at={entry.at} />
              </Table.Td>
              <Table.Td className="mono">{entry.subject}</Table.Td>
              <Table.Td className="mono">
                {entry.run_id ? (
                  <Anchor
                    component={Link}
                    to="/runs/$runId"
                    params={{ runId: entry.run_id } as never}
                    inherit
                    underline="always"
                  >
                    {entry.run_id.slice(0, 13)}
                  </Anchor>
                ) : (
                  text.noRun
                )}
              </Table.Td>
              <Table.Td className="mono">{entry.step ?? ""}</Table.Td>
              <Table.Td>
                <Details id={entry.id} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
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
