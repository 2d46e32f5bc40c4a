import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { Broken } from "./broken";

afterEach(cleanup);

function show(message: string, reset = vi.fn()) {
  render(<Broken error={new Error(message)} reset={reset} />, { wrapper: MantineProvider });
  return reset;
}

it("says of code that is not there any more to load the page anew", () => {
  show("Failed to fetch dynamically imported module: http://here/console/assets/a-1.js");
  expect(screen.getByTestId("error-message").textContent).toContain("Load the page anew");
  expect(screen.getByTestId("retry-button").textContent).toBe("Load anew");
});

it("tells any other fault, and tries again", async () => {
  const reset = show("x is undefined");
  expect(screen.getByTestId("error-message").textContent).toContain("x is undefined");
  await userEvent.click(screen.getByTestId("retry-button"));
  expect(reset).toHaveBeenCalledOnce();
});
