import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ConfirmByTyping, TypedWord } from "./confirm";

afterEach(cleanup);

function shown(onConfirm: () => unknown) {
  render(
    <MantineProvider env="test">
      <ConfirmByTyping
        opened
        title="Erase acme"
        word="acme"
        danger="Erase"
        onConfirm={onConfirm}
        onClose={() => undefined}
      />
    </MantineProvider>,
  );
  const button = screen.getByRole<HTMLButtonElement>("button", { name: "Erase" });
  return { button, field: screen.getByLabelText("Type acme to confirm") };
}

function typed(field: HTMLElement, value: string): void {
  fireEvent.change(field, { target: { value } });
  const form = field.closest("form");
  if (form) fireEvent.submit(form);
}

describe("confirmation by typing", () => {
  it("does nothing before the word was typed exactly, also by the Enter key", () => {
    const confirm = vi.fn();
    const { button, field } = shown(confirm);
    for (const wrong of ["acm", "acmex", "ACME"]) typed(field, wrong);
    expect(button.disabled).toBe(true);
    expect(screen.getByText("This has to be exactly acme.")).toBeTruthy();
    expect(confirm).not.toHaveBeenCalled();
  });

  it("does it once the word was typed", async () => {
    const confirm = vi.fn();
    const { field } = shown(confirm);
    typed(field, "acme");
    await waitFor(() => expect(confirm).toHaveBeenCalledOnce());
  });

  it("shows what went wrong and keeps what was typed", async () => {
    const { field } = shown(() => Promise.reject(new Error("It is not suspended.")));
    typed(field, "acme");
    expect(await screen.findByText("It is not suspended.")).toBeTruthy();
    expect((field as HTMLInputElement).value).toBe("acme");
  });
});

describe("the question alone, where a dialog is open already", () => {
  it("does it once the word was typed, also with spaces around it, and shows what went wrong", async () => {
    const confirm = vi.fn(() => Promise.reject(new Error("not now")));
    render(
      <MantineProvider env="test">
        <TypedWord
          what="All of it stops."
          word="support"
          danger="Kill"
          onConfirm={confirm}
          onClose={() => undefined}
        />
      </MantineProvider>,
    );
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(screen.getByText("All of it stops.")).toBeTruthy();
    const field = screen.getByTestId<HTMLInputElement>("confirm-word");
    typed(field, "suppor");
    expect(screen.getByTestId<HTMLButtonElement>("confirm").disabled).toBe(true);
    expect(confirm).not.toHaveBeenCalled();
    typed(field, " support ");
    expect((await screen.findByRole("alert")).textContent).toContain("not now");
    expect(field.value).toBe(" support ");
  });
});
