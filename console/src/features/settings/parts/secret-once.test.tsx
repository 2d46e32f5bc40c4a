import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { SecretOnce } from "./secret-once";

afterEach(cleanup);

it("shows a secret with a warning, and closes by its button only", () => {
  const close = vi.fn();
  render(
    <MantineProvider env="test">
      <SecretOnce title="Secret of a key" secret="ph_live_abc" onClose={close} />
    </MantineProvider>,
  );
  expect(screen.getByTestId("secret").textContent).toBe("ph_live_abc");
  expect(screen.getByText(/cannot be shown again/)).toBeTruthy();
  fireEvent.keyDown(document.body, { key: "Escape" });
  expect(close).not.toHaveBeenCalled();
  fireEvent.click(screen.getByRole("button", { name: "I have kept it" }));
  expect(close).toHaveBeenCalledOnce();
});
