/** A table of things with what can be done to each; long ones come page by page. */
import { Box, Button, Group, Table } from "@mantine/core";
import type { ReactNode } from "react";
import { common as text } from "@/strings/common";
import { Loaded } from "./states";

export interface Column<T> {
  readonly header: string;
  readonly cell: (row: T) => ReactNode;
}

interface ListingProps<T> {
  /** What the table is of, for those who cannot see it. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** What is shown where there is nothing: what to do. */
  readonly empty: ReactNode;
}

export function Listing<T>({ label, columns, rows, keyOf, empty }: ListingProps<T>) {
  if (rows.length === 0) return empty;
  return (
    <Box style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label={label}>
      <Table verticalSpacing="xs" highlightOnHover aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ header }) => (
              <Table.Th key={header} scope="col">
                {header}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={keyOf(row)} data-row={keyOf(row)}>
              {columns.map(({ header, cell }) => (
                <Table.Td key={header}>{cell(row)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  );
}

/** How the pages of a list follow each other, for `$api.useInfiniteQuery`. */
export const PAGES = {
  initialPageParam: null,
  getNextPageParam: (last: { next_cursor?: string | null }) => last.next_cursor ?? undefined,
};

interface Paged<T> {
  readonly data: { readonly pages: readonly { readonly items: readonly T[] }[] } | undefined;
  readonly error: unknown;
  readonly isPending: boolean;
  readonly refetch: () => unknown;
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly fetchNextPage: () => unknown;
}

type PagedListingProps<T> = Omit<ListingProps<T>, "rows"> & { readonly query: Paged<T> };

export function PagedListing<T>({ query, ...rest }: PagedListingProps<T>) {
  return (
    <Loaded query={query}>
      {(data) => (
        <>
          <Listing {...rest} rows={data.pages.flatMap((page) => page.items)} />
          {query.hasNextPage && (
            <Button
              variant="default"
              loading={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              {text.more}
            </Button>
          )}
        </>
      )}
    </Loaded>
  );
}

/** The buttons of a row. */
export function RowActions({ children }: { readonly children: ReactNode }) {
  return (
    <Group gap={6} wrap="nowrap">
      {children}
    </Group>
  );
}
