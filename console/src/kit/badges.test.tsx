import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { ConfidenceBadge } from "./badges";

afterEach(cleanup);

describe("the badge of confidence", () => {
  it.each([
    [0.85, "85% confident", "high"],
    [0.8, "80% confident", "high"],
    [0.799, "80% confident", "middle"],
    [0.5, "50% confident", "middle"],
    [0.49, "49% confident", "low"],
    [0, "0% confident", "low"],
  ])("says of %d: %s, which is %s", (confidence, words, level) => {
    render(<ConfidenceBadge confidence={confidence} />, { wrapper: MantineProvider });
    const badge = screen.getByText(words).closest("[data-level]");
    expect(badge?.getAttribute("data-level")).toBe(level);
  });
});
