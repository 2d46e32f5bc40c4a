/** Versions and changes, the newest first, page by page. */
import { Anchor, Badge, Button, Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { $api } from "@/api/client";
import { Moment } from "@/kit/moments";
import { Loaded, Nothing } from "@/kit/states";
import { Wide } from "@/kit/wide";
import { common } from "@/strings/common";
import { policies as text } from "@/strings/policies";
import { PAGES } from "./queries";
import { StateBadges } from "./state";

const FIFTY = { params: { query: { limit: 50 } } };

export function Versions({ canManage }: { readonly canManage: boolean }) {
  const query = $api.useInfiniteQuery("get", "/api/v1/policies", FIFTY, PAGES);
  const said = text.versions;
  return (
    <Loaded query={query}>
      {(data) => {
        const versions = data.pages.flatMap((page) => page.items);
        if (versions.length === 0)
          return (
            <Nothing
              title={said.none}
              hint={canManage ? said.noneHint : said.noneReader}
              {...(canManage ? { action: { label: text.newDraft, to: "/policies/new" } } : {})}
            />
          );
        return (
          <Listed
            label={said.label}
            columns={[said.number, said.state, said.policies, said.note, said.by, said.at]}
            more={query}
          >
            {versions.map((version) => (
              <Table.Tr key={version.number} data-testid="policy-version">
                <Table.Td>
                  <Anchor
                    component={Link}
                    to="/policies/$number"
                    params={{ number: String(version.number) } as never}
                    size="sm"
                  >
                    {text.state.version(version.number)}
                  </Anchor>
                </Table.Td>
                <Table.Td>
                  <StateBadges version={version} />
                </Table.Td>
                <Table.Td className="numeric">{version.policies}</Table.Td>
                <Table.Td>{version.note}</Table.Td>
                <Table.Td>{version.made_by}</Table.Td>
                <Table.Td>
                  <Moment at={version.created_at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Listed>
        );
      }}
    </Loaded>
  );
}

export function Changes() {
  const query = $api.useInfiniteQuery("get", "/api/v1/policies/changes", FIFTY, PAGES);
  const said = text.changes;
  const named = (number: number | null) => (number === null ? text.state.none : text.state.version(number));
  return (
    <Loaded query={query}>
      {(data) => {
        const changes = data.pages.flatMap((page) => page.items);
        if (changes.length === 0) return <Nothing title={said.none} hint={said.noneHint} />;
        return (
          <Listed
            label={said.label}
            columns={[
              said.what,
              text.versions.number,
              text.versions.note,
              text.versions.by,
              text.versions.at,
            ]}
            more={query}
          >
            {changes.map((change) => (
              <Table.Tr key={change.id} data-testid="policy-change">
                <Table.Td>
                  <Badge variant="light" color="gray">
                    {said.kinds[change.kind]}
                  </Badge>
                </Table.Td>
                <Table.Td>{said.fromTo(named(change.before), named(change.after))}</Table.Td>
                <Table.Td>{change.note}</Table.Td>
                <Table.Td>{change.made_by}</Table.Td>
                <Table.Td>
                  <Moment at={change.at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Listed>
        );
      }}
    </Loaded>
  );
}

interface ListedProps {
  readonly label: string;
  readonly columns: readonly string[];
  readonly more: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => unknown;
  };
  readonly children: ReactNode;
}

export function Listed({ label, columns, more, children }: ListedProps) {
  return (
    <>
      <Wide label={label} width={720}>
        <Table verticalSpacing="xs" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Table.Th key={column}>{column}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>{children}</Table.Tbody>
        </Table>
      </Wide>
      {more.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          mt="xs"
          loading={more.isFetchingNextPage}
          onClick={() => void more.fetchNextPage()}
        >
          {common.more}
        </Button>
      )}
    </>
  );
}
