import { expect, it } from "vitest";
import { isAddress, takesMessages, talkative } from "./taking";

const property = { type: "string" };
const ticket = {
  type: "object",
  properties: { text: property, sender: property, channel: property, order: property },
  required: ["text"],
};

it("a workflow takes messages if its input is a text with its sender and channel", () => {
  expect(takesMessages(ticket)).toBe(true);
  expect(takesMessages({ ...ticket, required: ["text", "order"] })).toBe(false);
  expect(takesMessages({ type: "object", properties: { text: property } })).toBe(false);
  expect(takesMessages({ type: "string" })).toBe(false);
  expect(takesMessages(undefined)).toBe(false);
});

it("names each workflow that takes messages once, whatever its versions", () => {
  const other = { name: "nightly", input_schema: { type: "integer" } };
  const desk = { name: "support", input_schema: ticket };
  expect(talkative([other, desk, desk])).toEqual(["support"]);
});

it.each([
  ["nadia@example.com", true],
  [" nadia@example.com ", true],
  ["nadia", false],
  ["nadia@", false],
  ["a@b c", false],
  ["", false],
])("%o as an e-mail address: %s", (said, is) => {
  expect(isAddress(said)).toBe(is);
});
