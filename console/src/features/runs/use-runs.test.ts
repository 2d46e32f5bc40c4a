import { expect, it } from "vitest";
import { newsIn } from "./use-runs";

it("counts runs that are newer than all that are shown, in whatever order these are", () => {
  const shown = [{ id: "0002" }, { id: "0005" }, { id: "0001" }];
  expect(newsIn([{ id: "0007" }, { id: "0006" }, { id: "0005" }, { id: "0004" }], shown)).toBe(2);
  expect(newsIn([{ id: "0001" }], [])).toBe(1);
});
