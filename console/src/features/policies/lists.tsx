/** Versions and changes, the newest first, page by page. */
import { Anchor, Badge } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { $api, type Schema } from "@/api/client";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Nothing } from "@/kit/states";
import { policies as text } from "@/strings/policies";
import { StateBadges } from "./state";

const FIFTY = { params: { query: { limit: 50 } } };

const VERSIONS: readonly Column<Schema<"Version">>[] = [
  {
    header: text.versions.number,
    cell: ({ number }) => (
      <Anchor component={Link} to="/policies/$number" params={{ number: String(number) } as never} size="sm">
        {text.state.version(number)}
      </Anchor>
    ),
  },
  { header: text.versions.state, cell: (version) => <StateBadges version={version} /> },
  { header: text.versions.policies, className: "numeric", cell: ({ policies }) => policies },
  { header: text.versions.note, cell: ({ note }) => note },
  { header: text.versions.by, cell: ({ made_by }) => made_by },
  { header: text.versions.at, cell: ({ created_at }) => <Moment at={created_at} /> },
];

export function Versions({ canManage }: { readonly canManage: boolean }) {
  const query = $api.useInfiniteQuery("get", "/api/v1/policies", FIFTY, PAGES);
  return (
    <PagedListing
      query={query}
      label={text.versions.label}
      columns={VERSIONS}
      keyOf={({ number }) => String(number)}
      width={720}
      rowTestId="policy-version"
      empty={
        <Nothing
          title={text.versions.none}
          hint={canManage ? text.versions.noneHint : text.versions.noneReader}
          {...(canManage ? { action: { label: text.newDraft, to: "/policies/new" } } : {})}
        />
      }
    />
  );
}

const named = (number: number | null) => (number === null ? text.state.none : text.state.version(number));

const CHANGES: readonly Column<Schema<"PolicyChange">>[] = [
  {
    header: text.changes.what,
    cell: ({ kind }) => (
      <Badge variant="light" color="gray">
        {text.changes.kinds[kind]}
      </Badge>
    ),
  },
  {
    header: text.versions.number,
    cell: ({ before, after }) => text.changes.fromTo(named(before), named(after)),
  },
  { header: text.versions.note, cell: ({ note }) => note },
  { header: text.versions.by, cell: ({ made_by }) => made_by },
  { header: text.versions.at, cell: ({ at }) => <Moment at={at} /> },
];

export function Changes() {
  const query = $api.useInfiniteQuery("get", "/api/v1/policies/changes", FIFTY, PAGES);
  return (
    <PagedListing
      query={query}
      label={text.changes.label}
      columns={CHANGES}
      keyOf={({ id }) => id}
      width={720}
      rowTestId="policy-change"
      empty={<Nothing title={text.changes.none} hint={text.changes.noneHint} />}
    />
  );
}
