import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { type Column, PAGES, PagedListing } from "./listing";

afterEach(cleanup);

interface Fruit {
  readonly name: string;
  readonly count: number;
}

const COLUMNS: readonly Column<Fruit>[] = [
  { header: "Name", isName: true, cell: ({ name }) => name },
  { header: "Count", className: "numeric", cell: ({ count }) => count },
];
const PAGE = [{ name: "apple", count: 2 }];

function shown(pages: readonly (readonly Fruit[])[], error: unknown = null) {
  const fetchNextPage = vi.fn();
  const query = {
    data: { pages: pages.map((items) => ({ items })) },
    error,
    isPending: false,
    refetch: () => undefined,
    hasNextPage: true,
    isFetchingNextPage: false,
    isFetchNextPageError: error !== null,
    fetchNextPage,
  };
  render(
    <MantineProvider env="test">
      <PagedListing
        query={query}
        label="Fruits"
        columns={COLUMNS}
        keyOf={({ name }) => name}
        rowTestId={({ name }) => `fruit-${name}`}
        empty={<p>{"Plant a tree."}</p>}
      />
    </MantineProvider>,
  );
  return fetchNextPage;
}

test("the rows of all pages stand in one table, each with its name, and a button asks for more", () => {
  const more = shown([PAGE, [{ name: "pear", count: 3 }]]);
  expect(screen.getByRole("table", { name: "Fruits" })).toBeTruthy();
  expect(screen.getAllByRole("rowheader").map((cell) => cell.textContent)).toEqual(["apple", "pear"]);
  expect(screen.getByTestId("fruit-pear").textContent).toBe("pear3");
  fireEvent.click(screen.getByRole("button", { name: "Show more" }));
  expect(more).toHaveBeenCalledOnce();
});

test("what is there stays where the next page could not be had, and a button tries again", () => {
  const more = shown([PAGE], new Error("The line is down."));
  expect(screen.getByTestId("fruit-apple")).toBeTruthy();
  expect(screen.getByRole("alert").textContent).toContain("The line is down.");
  fireEvent.click(screen.getByTestId("retry-button"));
  expect(more).toHaveBeenCalledOnce();
});

test("where there is nothing it says what to do", () => {
  shown([[]]);
  expect(screen.getByText("Plant a tree.")).toBeTruthy();
  expect(screen.queryByRole("table")).toBeNull();
});

test("the last page has none after it", () => {
  expect(PAGES.getNextPageParam({ next_cursor: "x" })).toBe("x");
  expect(PAGES.getNextPageParam({ next_cursor: null })).toBeUndefined();
});
