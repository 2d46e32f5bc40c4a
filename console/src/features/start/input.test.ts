import { describe, expect, it } from "vitest";
import { faultOf, inputOf, takingOf } from "./input";

const TICKET = {
  type: "object",
  properties: { text: { type: "string" }, subject: { type: "string", default: "" } },
  required: ["text"],
  additionalProperties: false,
};
const ORDER = {
  type: "object",
  properties: { customer: { type: "string" }, amount: { type: "number" } },
  required: ["customer", "amount"],
  additionalProperties: false,
};
describe("what a workflow takes", () => {
  it("is a text where its input is one, also among others", () => {
    expect(takingOf({ type: "string" })).toEqual({ kind: "text" });
    expect(takingOf({ anyOf: [{ type: "object" }, { type: "string" }] })).toEqual({ kind: "text" });
  });

  it("is a text where one member has to be there and is one", () => {
    const taking = takingOf(TICKET);
    expect(taking).toEqual({ kind: "member", name: "text" });
    expect(inputOf(taking, "Where is it?")).toEqual({ text: "Where is it?" });
  });

  it("is JSON where a text is not enough, or is one of a few words", () => {
    expect(takingOf(ORDER)).toEqual({ kind: "json" });
    expect(takingOf({ type: "string", enum: ["a", "b"] })).toEqual({ kind: "json" });
    expect(inputOf(takingOf(ORDER), '{"customer": "Ada", "amount": 1}')).toEqual({
      customer: "Ada",
      amount: 1,
    });
  });
});

describe("JSON that was typed", () => {
  it("is told what is wrong with it", () => {
    expect(faultOf(ORDER, "{")).toMatch(/^This is no JSON: /);
    expect(faultOf(ORDER, "[]")).toBe("The input must be object.");
    expect(faultOf(ORDER, "{}")).toBe("customer is missing. amount is missing.");
    expect(faultOf(ORDER, '{"customer": "Ada", "amount": 1, "x": 2}')).toBe(
      "x is not known to the workflow.",
    );
    expect(faultOf(ORDER, '{"customer": "Ada", "amount": 1}')).toBeUndefined();
  });
});
