import { expect, test } from "vitest";
import { type Finding, piecesOf } from "./pieces";

const finding = (type: string, start: number, end: number, confidence = 0.9) =>
  ({ type, start, end, confidence, group: "secrets", severity: "critical", action: "mask" }) as Finding;

const told = (text: string, findings: readonly Finding[]) =>
  piecesOf(text, findings).map((piece) => [piece.text, piece.found.map(({ type }) => type).join("+")]);

test("a text is cut where findings begin and end, and nothing of it is lost", () => {
  expect(told("pay 4539 now", [finding("card", 4, 8)])).toEqual([
    ["pay ", ""],
    ["4539", "card"],
    [" now", ""],
  ]);
});

test("places count characters, also behind those that take two units of UTF-16", () => {
  expect(told("é𝒳 4539", [finding("card", 3, 7)])).toEqual([
    ["é𝒳 ", ""],
    ["4539", "card"],
  ]);
});

test("what lies in something else has both, the surest first", () => {
  const both = [finding("url", 0, 9, 0.5), finding("email", 4, 9, 0.9)];
  expect(told("see a@b.c", both)).toEqual([
    ["see ", "url"],
    ["a@b.c", "email+url"],
  ]);
});

test("a text without findings is one piece, an empty one none", () => {
  expect(told("fine", [])).toEqual([["fine", ""]]);
  expect(told("", [])).toEqual([]);
});
