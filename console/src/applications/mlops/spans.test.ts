import { expect, test } from "vitest";
import { piecesOf } from "./spans";

const told = (prompt: string, spans: Parameters<typeof piecesOf>[1]) =>
  piecesOf(prompt, spans).map(({ text, names }) => [text, names]);

test("a prompt of which nothing was read is one piece", () => {
  expect(told("Plain", [])).toEqual([["Plain", []]]);
});

test("overlapping spans are told where they overlap", () => {
  const spans = [
    { name: "latency", start: 4, end: 14 },
    { name: "percentile", start: 10, end: 17 },
    { name: "again", start: 10, end: 14 },
  ];
  expect(told("p99 below 100 ms now", spans)).toEqual([
    ["p99 ", []],
    ["below ", ["latency"]],
    ["100 ", ["latency", "percentile", "again"]],
    ["ms ", ["percentile"]],
    ["now", []],
  ]);
});

test("places count characters, and what lies outside is left out", () => {
  const spans = [
    { name: "cloud", start: 2, end: 5 },
    { name: "lost", start: 40, end: 50 },
    { name: "empty", start: 1, end: 1 },
    { name: "cloud", start: 2, end: 5 },
  ];
  expect(told("\u{1F680} AWS", spans)).toEqual([
    ["\u{1F680} ", []],
    ["AWS", ["cloud"]],
  ]);
});

test("nothing is lost", () => {
  const prompt = "2,000 requests";
  const pieces = piecesOf(prompt, [{ name: "rps", start: -3, end: 99 }]);
  expect(pieces.map(({ text }) => text).join("")).toBe(prompt);
});
