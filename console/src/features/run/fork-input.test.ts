import { describe, expect, it } from "vitest";
import { forkBody, isText, readInput, writtenOf } from "./fork-input";

const TICKET = {
  type: "object",
  required: ["title", "kind"],
  properties: { title: { type: "string" }, kind: { enum: ["bug", "wish"] } },
};

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
