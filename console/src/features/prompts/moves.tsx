/** Who moved which label from where to where, and why. */
import { $api, type Schema } from "@/api/client";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Nothing } from "@/kit/states";
import { prompts as text } from "@/strings/prompts";

const told = (version: string | null) => (version ? text.version(version) : text.nowhere);

const COLUMNS: readonly Column<Schema<"Move">>[] = [
  { header: text.at, cell: ({ at }) => <Moment at={at} /> },
  { header: text.label, cell: ({ label }) => label },
  { header: text.kind, cell: ({ kind }) => text.kinds[kind] },
  { header: text.from, cell: ({ before }) => told(before) },
  { header: text.to, cell: ({ after }) => told(after) },
  { header: text.by, cell: ({ made_by }) => made_by },
  { header: text.note, cell: ({ note }) => note },
];

export function Moves({ part }: { readonly part: string }) {
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/prompts/{name}/moves",
    { params: { path: { name: part }, query: { limit: 50 } } },
    PAGES,
  );
  return (
    <PagedListing
      query={query}
      label={text.tabs.moves}
      columns={COLUMNS}
      keyOf={({ id }) => id}
      width={760}
      testId="moves-table"
      empty={<Nothing title={text.noMoves} hint={text.noMovesHint} />}
    />
  );
}
