import { describe, expect, it } from "vitest";
import { figuresOf } from "./figures";

describe("figures of a part", () => {
  it("are told in the unit that their name ends with", () => {
    const told = figuresOf({
      seconds: 0.0036,
      oldest_seconds: 75,
      free_bytes: 81_327_661_056,
      memory_fraction: 0.135,
      live_workers: 2,
    });
    expect(told.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      "took: 4 ms",
      "oldest: 1 min 15 s",
      "free: 81.3 GB",
      "memory: 14%",
      "live workers: 2",
    ]);
  });
});
