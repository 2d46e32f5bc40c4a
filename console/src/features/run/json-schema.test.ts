import { describe, expect, it } from "vitest";
import { forkBody, isText, readInput, writtenOf } from "./fork-input";
import { faultsOf } from "./json-schema";

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

  it("lets pass what it does not know, and does not follow a schema that contains itself for ever", () => {
    expect(faultsOf("x", { type: "string", pattern: "(?<=" })).toEqual([]);
    expect(faultsOf(1, { anyOf: [{ $ref: "#" }] })).toEqual([]);
  });
});

describe("the input of a fork", () => {
  it("is text where the workflow takes text, and JSON else", () => {
    expect(isText({ type: "string" })).toBe(true);
    expect(writtenOf("a\nb", { type: "string" })).toBe("a\nb");
    expect(readInput("{}", { type: "string" }).value).toBe("{}");
    expect(readInput('{"title":"abc","kind":"wish"}', TICKET)).toEqual({
      value: { title: "abc", kind: "wish" },
      faults: [],
    });
    expect(readInput("{", TICKET).faults).toHaveLength(1);
  });

  it("is sent where it is another one, and where the fork begins at the beginning", () => {
    expect(forkBody("plan#0", { a: 1 }, { a: 1 })).toEqual({ at: "plan#0" });
    expect(forkBody("plan#0", { a: 2 }, { a: 1 })).toEqual({ at: "plan#0", input: { a: 2 } });
    expect(forkBody(null, { a: 1 }, { a: 1 })).toEqual({ input: { a: 1 } });
  });
});
