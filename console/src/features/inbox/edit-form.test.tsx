import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { EditForm } from "./edit-form";

/** jsdom has no fonts, whose loading a field that grows waits for. */
beforeAll(() => {
  Object.defineProperty(document, "fonts", { configurable: true, value: new EventTarget() });
});
afterEach(cleanup);

function form(send: (changed: unknown) => void) {
  render(
    <MantineProvider>
      <EditForm given={{ amount: "129.00" }} busy={false} send={send} />
    </MantineProvider>,
  );
  const field = screen.getByRole<HTMLTextAreaElement>("textbox");
  const button = screen.getByTestId<HTMLButtonElement>("send-edit");
  return { field, button };
}

test("arguments that are as they were, or no JSON, are not sent", () => {
  const { field, button } = form(vi.fn());
  expect(button.disabled).toBe(true);
  fireEvent.change(field, { target: { value: '{"amount": ' } });
  expect(screen.getByText(/This is no JSON/)).toBeTruthy();
  expect(button.disabled).toBe(true);
  fireEvent.change(field, { target: { value: '{ "amount":"129.00"}' } });
  expect(button.disabled).toBe(true);
});

test("other arguments are shown as a difference, then sent", () => {
  const send = vi.fn();
  const { field, button } = form(send);
  fireEvent.change(field, { target: { value: '{"amount": "90.00"}' } });
  const lines = screen.getByLabelText("Differences, line by line").textContent;
  expect(lines).toContain('"129.00"');
  expect(lines).toContain('"90.00"');
  fireEvent.click(button);
  expect(send).toHaveBeenCalledWith({ amount: "90.00" });
});
