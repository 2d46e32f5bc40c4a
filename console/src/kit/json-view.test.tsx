import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { bytesText } from "./bytes";
import { JsonView } from "./json-view";

afterEach(cleanup);

describe("the tree of a JSON value", () => {
  it("is open to a depth, and opened further", async () => {
    const { container } = render(<JsonView value={{ a: { b: [true, null] } }} open={1} />);
    expect(screen.getByRole("button", { name: /the value, 1 key/ }).getAttribute("aria-expanded")).toBe(
      "true",
    );
    expect(container.textContent).not.toContain("true");
    await userEvent.click(screen.getByRole("button", { name: /close a,/ }));
    await userEvent.click(screen.getByRole("button", { name: /close b, 2 items/ }));
    expect(container.textContent).toContain("0: true");
    expect(container.textContent).toContain("1: null");
  });

  it("shows long lists and texts in part", async () => {
    const { container } = render(
      <JsonView value={{ list: Array(150).fill(7), text: "y".repeat(900) }} open={2} />,
    );
    expect(screen.getAllByRole("listitem")).toHaveLength(103);
    await userEvent.click(screen.getByRole("button", { name: "Show 50 more" }));
    expect(screen.getAllByRole("listitem")).toHaveLength(152);
    expect(container.textContent).not.toContain("y".repeat(401));
    await userEvent.click(screen.getByRole("button", { name: "Show all of it" }));
    expect(container.textContent).toContain("y".repeat(900));
  });

  it("shows plain values as they are", () => {
    const { container } = render(<JsonView value="plain" />);
    expect(container.textContent).toBe('"plain"');
  });
});

describe("sizes", () => {
  it("have one unit", () => {
    expect([0, 1, 999, 1_200, 134_000, 20_000_000, 999_600].map(bytesText)).toEqual([
      "0 bytes",
      "1 byte",
      "999 bytes",
      "1.2 kB",
      "134 kB",
      "20 MB",
      "1.0 MB",
    ]);
  });
});
