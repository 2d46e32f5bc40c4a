import { describe, expect, it } from "vitest";
import { faultsOf, sampleOf } from "./json-schema";

const TICKET = {
  $defs: { Kind: { enum: ["bug", "wish"] } },
  type: "object",
  additionalProperties: false,
  required: ["title", "kind"],
  properties: {
    title: { type: "string", minLength: 3, maxLength: 10, pattern: "^[a-z ]+$" },
    kind: { $ref: "#/$defs/Kind" },
    weight: { anyOf: [{ type: "integer", minimum: 1, maximum: 5 }, { type: "null" }] },
    tags: { type: "array", maxItems: 2, items: { type: "string" } },
  },
};

describe("faultsOf", () => {
  it("finds nothing wrong with what fits", () => {
    expect(faultsOf({ title: "a bug", kind: "bug", weight: null, tags: ["x"] }, TICKET)).toEqual([]);
  });

  it.each([
    [{ kind: "bug" }, "title is missing."],
    [{ title: "abc", kind: "else" }, 'kind must be one of "bug", "wish".'],
    [{ title: "ab", kind: "bug" }, "title must have at least 3."],
    [{ title: "ABC", kind: "bug" }, "title must match ^[a-z ]+$."],
    [{ title: "abc", kind: "bug", weight: 9 }, "weight must be at most 5."],
    [{ title: "abc", kind: "bug", weight: 1.5 }, "weight must be integer."],
    [{ title: "abc", kind: "bug", tags: ["x", 1] }, "tags[1] must be string."],
    [{ title: "abc", kind: "bug", tags: ["x", "y", "z"] }, "tags must have at most 2."],
    [{ title: "abc", kind: "bug", more: 1 }, "more is not known to the workflow."],
    ["abc", "The input must be object."],
  ])("says of %j: %s", (value, fault) => {
    expect(faultsOf(value, TICKET)).toEqual([fault]);
  });

  it("tells of one form that may be null, and of several only that none fits", () => {
    const shape = (kind: string) => ({
      type: "object",
      properties: { kind: { const: kind }, size: { exclusiveMinimum: 0 } },
      additionalProperties: false,
    });
    const order = {
      type: "object",
      properties: { "a/b c": { anyOf: [shape("x"), shape("y"), { type: "null" }] } },
    };
    expect(faultsOf({ "a/b c": { kind: "z", more: 1 } }, order)).toEqual([
      "a/b c fits none of the forms that it may have.",
    ]);
    expect(
      faultsOf([{ kind: "x", size: 0, more: 1 }], { items: { anyOf: [shape("x"), { type: "null" }] } }),
    ).toEqual(["[0].size must be more than 0.", "[0].more is not known to the workflow."]);
  });

  it("checks the rest where it does not know a pattern, and leaves the schema as it was", () => {
    const schema = { properties: { a: { pattern: "(?P<x>.)", maxLength: 1 }, pattern: { type: "string" } } };
    const before = JSON.stringify(schema);
    expect(faultsOf({ a: "xy", pattern: 1 }, schema)).toEqual([
      "a must have at most 1.",
      "pattern must be string.",
    ]);
    expect(JSON.stringify(schema)).toBe(before);
  });

  it("tells what it has no words for in those of the library", () => {
    expect(faultsOf({ size: 3 }, { properties: { size: { multipleOf: 2 } } })).toEqual([
      "size: 3 is not a multiple of 2.",
    ]);
  });

  it("lets pass what it does not know, and does not follow a schema that contains itself for ever", () => {
    expect(faultsOf("x", { type: "string", pattern: "(?<=" })).toEqual([]);
    expect(faultsOf({ "(": 1 }, { patternProperties: { "(": { type: "string" } } })).toEqual([]);
    expect(faultsOf("2026-01-01 10:00", { type: "string", format: "date-time" })).toEqual([]);
    expect(faultsOf(1, { $ref: "#/$defs/Elsewhere" })).toEqual([]);
    expect(faultsOf(1, { anyOf: [{ $ref: "#" }] })).toEqual([]);
  });
});

describe("a sample of an input", () => {
  it("has what is required, and defaults", () => {
    const schema = {
      type: "object",
      required: ["text", "count", "tags"],
      properties: {
        text: { type: "string" },
        count: { type: "integer", default: 3 },
        tags: { type: "array" },
        other: {},
      },
    };
    expect(JSON.parse(sampleOf(schema))).toEqual({ text: "", count: 3, tags: [] });
    expect(sampleOf({ type: "string" })).toBe('""');
    expect(sampleOf({})).toBe('""');
  });
});
