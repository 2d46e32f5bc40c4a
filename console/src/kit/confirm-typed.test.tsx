import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { TypedWord } from "./confirm-typed";

afterEach(cleanup);

function asked(confirm: () => void, error: unknown = null) {
  render(
    <MantineProvider>
      <TypedWord
        what="All of it stops."
        word="support"
        action="Kill"
        busy={false}
        error={error}
        confirm={confirm}
        close={() => undefined}
      />
    </MantineProvider>,
  );
  const field = screen.getByTestId<HTMLInputElement>("confirm-word");
  const button = screen.getByTestId<HTMLButtonElement>("confirm");
  return { field, button };
}

test("nothing but the word itself confirms, also by Enter", () => {
  const confirm = vi.fn();
  const { field, button } = asked(confirm);
  for (const typed of ["", "suppor", "Support", "support!"]) {
    fireEvent.change(field, { target: { value: typed } });
    expect(button.disabled).toBe(true);
    fireEvent.submit(field);
  }
  expect(confirm).not.toHaveBeenCalled();
  fireEvent.change(field, { target: { value: " support " } });
  expect(button.disabled).toBe(false);
  fireEvent.submit(field);
  expect(confirm).toHaveBeenCalledTimes(1);
});

test("what went wrong is shown, and what was typed stays", () => {
  const { field } = asked(vi.fn(), new Error("not now"));
  fireEvent.change(field, { target: { value: "support" } });
  expect(screen.getByRole("alert").textContent).toContain("not now");
  expect(field.value).toBe("support");
});
