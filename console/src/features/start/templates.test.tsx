import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import { type Template, Templates } from "./templates";

const TEMPLATES: readonly Template[] = ["one", "two"].map((id) => ({
  app: "shop",
  id,
  title: `Template ${id}`,
  summary: "",
  workflow: "orders",
  input: `input ${id}`,
  icon: "no such picture",
}));

function Choosing() {
  const [chosen, choose] = useState<Template>();
  return (
    <MantineProvider>
      <Templates templates={TEMPLATES} chosen={chosen} choose={choose} />
    </MantineProvider>
  );
}

it("shows which template is chosen, by class and to screen readers, and lets go of it again", async () => {
  render(<Choosing />);
  const one = screen.getByTestId("template-card-one");
  const two = screen.getByTestId("template-card-two");
  await userEvent.click(one);
  expect(one.classList.contains("selected")).toBe(true);
  await userEvent.tab();
  await userEvent.keyboard("{Enter}");
  expect(one.getAttribute("aria-pressed")).toBe("false");
  expect(two.classList.contains("selected")).toBe(true);
  await userEvent.click(two);
  expect(two.classList.contains("selected")).toBe(false);
});
