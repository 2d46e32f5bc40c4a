import { expect, test } from "vitest";
import { pretty, readJson } from "./json";

test("what is JSON has a value, also null, and what is none has a fault", () => {
  expect(readJson('{"a": [1]}')).toEqual({ value: { a: [1] } });
  expect(readJson("null")).toEqual({ value: null });
  expect(readJson("{").fault).toMatch(/JSON/);
  expect(readJson("").fault).toMatch(/JSON/);
});

test("JSON over several lines keeps the order of its members", () => {
  expect(pretty({ b: 1, a: [] })).toBe('{\n  "b": 1,\n  "a": []\n}');
  expect(pretty(undefined)).toBe("");
});
