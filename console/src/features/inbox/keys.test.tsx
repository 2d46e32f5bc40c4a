import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { type Deed, deedOf, useKeys } from "./keys";

afterEach(cleanup);

const pressed = (key: string, more: object = {}) =>
  deedOf({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    target: document.body,
    defaultPrevented: false,
    ...more,
  });

test("each key has its deed, and others have none", () => {
  expect(["j", "ArrowDown", "k", "ArrowUp", "a", "r", "?", "x"].map((key) => pressed(key))).toEqual([
    "next",
    "next",
    "previous",
    "previous",
    "approve",
    "refuse",
    "help",
    null,
  ]);
});

test("keys that belong to the browser, or that somebody has dealt with, do nothing", () => {
  expect(pressed("r", { ctrlKey: true })).toBeNull();
  expect(pressed("r", { metaKey: true })).toBeNull();
  expect(pressed("a", { altKey: true })).toBeNull();
  expect(pressed("j", { defaultPrevented: true })).toBeNull();
});

function Keys({
  wanted,
  deeds,
}: {
  readonly wanted: boolean;
  readonly deeds: Partial<Record<Deed, () => void>>;
}) {
  useKeys(wanted, deeds);
  return (
    <>
      <button type="button">{"button"}</button>
      <textarea aria-label="comment" />
      <div role="dialog">
        <button type="button">{"within"}</button>
      </div>
    </>
  );
}

test("keys act on the page, and never while somebody types or is in a dialog", () => {
  const deeds = { approve: vi.fn(), next: vi.fn() };
  render(<Keys wanted deeds={deeds} />);
  fireEvent.keyDown(screen.getByText("button"), { key: "a" });
  fireEvent.keyDown(screen.getByLabelText("comment"), { key: "a" });
  fireEvent.keyDown(screen.getByText("within"), { key: "a" });
  fireEvent.keyDown(document.body, { key: "j" });
  expect(deeds.approve).toHaveBeenCalledTimes(1);
  expect(deeds.next).toHaveBeenCalledTimes(1);
});

test("no key acts where they are not wanted, nor once the screen is left", () => {
  const deeds = { approve: vi.fn() };
  const { rerender, unmount } = render(<Keys wanted={false} deeds={deeds} />);
  fireEvent.keyDown(document.body, { key: "a" });
  expect(deeds.approve).not.toHaveBeenCalled();
  rerender(<Keys wanted deeds={deeds} />);
  unmount();
  fireEvent.keyDown(document.body, { key: "a" });
  expect(deeds.approve).not.toHaveBeenCalled();
});
