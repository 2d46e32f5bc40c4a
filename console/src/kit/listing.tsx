/** A table of things with what can be done to each; long ones come page by page. */
import { Group, Stack, Table } from "@mantine/core";
import type { ReactNode } from "react";
import { More, type MoreProps } from "./more";
import { Loaded, type LoadedProps } from "./states";
import { Wide } from "./wide";

export interface Column<T> {
  readonly header: string;
  readonly cell: (row: T) => ReactNode;
  /** How its cells are set: `numeric` or `mono`. */
  readonly className?: string;
  /** Whether a row is called by it. */
  readonly isName?: boolean;
}

export interface ListingProps<T> {
  /** What the table is of, for those who cannot see it. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** What is shown where there is nothing: what to do. */
  readonly empty?: ReactNode;
  /** The width in pixels under which it scrolls by itself. */
  readonly width?: number;
  readonly testId?: string;
  readonly rowTestId?: string | ((row: T) => string);
}

export function Listing<T>(props: ListingProps<T>) {
  const { label, columns, rows, keyOf, empty = null, width = 0, testId, rowTestId } = props;
  if (rows.length === 0) return empty;
  return (
    <Wide label={label} width={width}>
      <Table verticalSpacing="xs" highlightOnHover aria-label={label} data-testid={testId}>
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
            <Table.Tr
              key={keyOf(row)}
              data-row={keyOf(row)}
              data-testid={typeof rowTestId === "function" ? rowTestId(row) : rowTestId}
            >
              {columns.map((column) => (
                <Cell key={column.header} column={column} row={row} />
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

function Cell<T>({ column, row }: { readonly column: Column<T>; readonly row: T }) {
  const { cell, className = "", isName = false } = column;
  if (isName)
    return (
      <Table.Th scope="row" className={className}>
        {cell(row)}
      </Table.Th>
    );
  return <Table.Td className={className}>{cell(row)}</Table.Td>;
}

/** How the pages of a list follow each other, for `$api.useInfiniteQuery`. */
export const PAGES = {
  initialPageParam: null,
  getNextPageParam: (last: { next_cursor?: string | null }) => last.next_cursor ?? undefined,
};

interface Pages<T> {
  readonly pages: readonly { readonly items: readonly T[] }[];
}

interface PagedListingProps<T> extends Omit<ListingProps<T>, "rows"> {
  readonly query: LoadedProps<Pages<T>>["query"] & MoreProps["query"];
}

export function PagedListing<T>({ query, ...rest }: PagedListingProps<T>) {
  return (
    <Loaded query={query}>
      {({ pages }) => (
        <Stack gap="sm">
          <Listing {...rest} rows={pages.flatMap(({ items }) => items)} />
          <More query={query} />
        </Stack>
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
