import { describe, expect, it } from "vitest";
import { rangeOf, STACK, stackedOf, stretchOf, totalsOf } from "./histogram";

const FOUND = {
  from: "2026-03-01T00:00:00Z",
  to: "2026-03-01T00:30:00Z",
  seconds: 600,
  buckets: [
    { at: "2026-03-01T00:00:00Z", runs: { completed: 3, failed: 1 } },
    { at: "2026-03-01T00:10:00Z", runs: {} },
    { at: "2026-03-01T00:20:00Z", runs: { queued: 2 } },
  ],
  partial: false,
};
const BEGIN = Date.parse(FOUND.from) / 1000;

describe("the histogram", () => {
  it("stacks states, so that the last one's height is the whole bar", () => {
    const { at, heights } = stackedOf(FOUND);
    expect(at).toEqual([BEGIN, BEGIN + 600, BEGIN + 1200]);
    expect(heights[STACK.indexOf("completed")]).toEqual([3, 0, 0]);
    expect(heights.at(-1)).toEqual([4, 0, 2]);
  });

  it("has room for the last bar, which the runs of this moment are in", () => {
    const { at } = stackedOf(FOUND);
    expect(rangeOf(FOUND)).toEqual([at[0], (at.at(-1) ?? 0) + FOUND.seconds]);
    expect(rangeOf({ ...FOUND, buckets: [] })).toEqual([BEGIN, BEGIN + 600]);
  });

  it("tells how many runs are in each state", () => {
    expect(Object.fromEntries(totalsOf(FOUND))).toEqual({ completed: 3, failed: 1, queued: 2 });
  });

  it("takes whole buckets for what was selected, in either direction", () => {
    const both = { after: "2026-02-28T23:59:59.999Z", before: "2026-03-01T00:20:00.000Z" };
    expect(stretchOf(FOUND, BEGIN + 10, BEGIN + 900)).toEqual(both);
    expect(stretchOf(FOUND, BEGIN + 900, BEGIN + 10)).toEqual(both);
  });

  it("takes the bucket that was clicked, and the last one at the end", () => {
    const last = { after: "2026-03-01T00:19:59.999Z", before: "2026-03-01T00:30:00.000Z" };
    expect(stretchOf(FOUND, BEGIN + 1300, BEGIN + 1300)).toEqual(last);
    expect(stretchOf(FOUND, BEGIN + 1800, BEGIN + 1800)).toEqual(last);
    expect(stretchOf({ ...FOUND, buckets: [] }, BEGIN, BEGIN)).toBeUndefined();
  });
});
