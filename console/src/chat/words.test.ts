import { expect, test } from "vitest";
import { wordsOf } from "./words";

test("a text without sources is its paragraphs", () => {
  expect(wordsOf("One.\nStill one.\n\nTwo [1].")).toEqual({
    paragraphs: [
      [{ at: 0, text: "One.\nStill one." }],
      [
        { at: 0, text: "Two" },
        { at: 1, text: " [1]" },
        { at: 2, text: "." },
      ],
    ],
    sources: [],
  });
});

test("numbers are told from text, and their sources stand beside it", () => {
  const { paragraphs, sources } = wordsOf(
    "Send it back within 30 days. [1] We pay. [2]\n[1] Returns, How long; [2] Payment\n\nAnything else?",
  );
  expect(sources).toEqual([
    { number: 1, title: "Returns, How long" },
    { number: 2, title: "Payment" },
  ]);
  expect(paragraphs).toEqual([
    [
      { at: 0, text: "Send it back within 30 days." },
      { at: 1, source: 1 },
      { at: 2, text: " We pay." },
      { at: 3, source: 2 },
    ],
    [{ at: 0, text: "Anything else?" }],
  ]);
});

test("a line that only looks like sources, alone in its block, stays a text", () => {
  expect(wordsOf("[1] is what you said").sources).toEqual([]);
});
