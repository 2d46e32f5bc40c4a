import { describe, expect, it } from "vitest";
import { strandedOf } from "./groups";
import { stateOf } from "./table";

describe("stranded runs", () => {
  it("are counted by workflow and version, and others are left out", () => {
    const run = (workflow: string, version: number, stranded: boolean) => ({ workflow, version, stranded });
    const found = strandedOf([run("a", 1, true), run("a", 2, true), run("a", 1, true), run("b", 1, false)]);
    expect(found).toEqual([
      { workflow: "a", version: 1, runs: 2 },
      { workflow: "a", version: 2, runs: 1 },
    ]);
  });
});

describe("a worker", () => {
  it("is silent past its lease, also where it was draining", () => {
    expect(stateOf({ alive: false, draining: true })).toBe("silent");
    expect(stateOf({ alive: true, draining: true })).toBe("draining");
    expect(stateOf({ alive: true, draining: false })).toBe("alive");
  });
});
