import { expect, test } from "vitest";
import { choicesOf, fieldOf, mayBeLeftOut, type Variable, valuesOf } from "./variables";

function variable(given: Partial<Variable>): Variable {
  return {
    type: "string",
    description: "",
    values: [],
    items: null,
    fields: {},
    min: null,
    max: null,
    optional: false,
    untrusted: false,
    ...given,
  } as Variable;
}

const VARIABLES = {
  ticket: variable({ untrusted: true }),
  count: variable({ type: "integer" }),
  urgent: variable({ type: "boolean" }),
  tone: variable({ type: "enum", values: ["calm", "warm"] }),
  tags: variable({ type: "list" }),
};

test("what is typed becomes values of the variables' types, and what is empty is left out", () => {
  const typed = { ticket: "Hello", count: "3", urgent: "false", tone: "", tags: '["a"]' };
  expect(valuesOf(VARIABLES, typed)).toEqual({
    values: { ticket: "Hello", count: 3, urgent: false, tags: ["a"] },
    unreadable: [],
  });
});

test("what cannot be read is named, and not sent", () => {
  expect(valuesOf(VARIABLES, { count: "three", tags: "[a" })).toEqual({
    values: {},
    unreadable: ["count", "tags"],
  });
});

test("each type has its field", () => {
  expect(fieldOf(variable({ max: 50 }))).toBe("line");
  expect(fieldOf(variable({ max: 5000 }))).toBe("text");
  expect(fieldOf(variable({ type: "date" }))).toBe("date");
  expect(fieldOf(variable({ type: "object" }))).toBe("json");
  expect(choicesOf(variable({ type: "boolean" }))).toEqual(["true", "false"]);
});

test("a default may be left out, also where it is false or 0", () => {
  expect(mayBeLeftOut(variable({ default: false }))).toBe(true);
  expect(mayBeLeftOut(variable({ default: null }))).toBe(false);
});
