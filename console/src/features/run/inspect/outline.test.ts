import { describe, expect, it } from "vitest";
import { outlineFrom, START } from "./journals";

describe("the outline of a run", () => {
  it("nests steps in their agents, also across the branches of a gather", () => {
    const { parts } = outlineFrom([
      { kind: "submitted" },
      { kind: "entered", key: "team#0" },
      { kind: "gathered", key: "team#0/gather#0", payload: { branches: 2 } },
      { key: "team#0/gather#0/1/b#0" },
      { key: "team#0/gather#0/0/a#0" },
      { key: "team#0" },
    ]);
    expect(parts.map(({ key, parent, arm, depth }) => [key, parent, arm, depth])).toEqual([
      ["team#0", null, null, 0],
      ["team#0/gather#0", "team#0", null, 1],
      ["team#0/gather#0/1/b#0", "team#0/gather#0", 1, 2],
      ["team#0/gather#0/0/a#0", "team#0/gather#0", 0, 2],
    ]);
  });

  it("begins a step where the one before it in its branch has ended, and says that it is inexact", () => {
    const { byKey } = outlineFrom([
      { kind: "submitted", second: 0 },
      { key: "a#0", second: 2 },
      { key: "b#0", second: 5 },
      { kind: "started", key: "c#0", second: 8 },
      { key: "c#0", second: 9 },
    ]);
    expect(byKey.get("a#0")).toMatchObject({ begin: START, end: START + 2000, exact: false });
    expect(byKey.get("b#0")).toMatchObject({ begin: START + 2000, end: START + 5000, exact: false });
    expect(byKey.get("c#0")).toMatchObject({ begin: START + 7950, exact: true });
  });

  it("begins all branches with their gather, which ends with the last of them", () => {
    const { byKey } = outlineFrom([
      { kind: "submitted", second: 0 },
      { kind: "gathered", key: "gather#0", payload: { branches: 2 }, second: 1 },
      { key: "gather#0/0/a#0", second: 3 },
      { key: "gather#0/1/b#0", second: 6 },
      { key: "after#0", second: 7 },
    ]);
    expect(byKey.get("gather#0/1/b#0")?.begin).toBe(START + 1000);
    expect(byKey.get("gather#0")).toMatchObject({ state: "completed", end: START + 6000 });
    expect(byKey.get("after#0")?.begin).toBe(START + 6000);
  });

  it("has an agent wait while all that is open in it waits", () => {
    const { byKey } = outlineFrom([
      { kind: "entered", key: "gate#0" },
      { kind: "asked", key: "gate#0/ask:go", payload: { prompt: "Go?" } },
    ]);
    expect(byKey.get("gate#0")?.state).toBe("waiting");
  });

  it("counts attempts, and takes the times of the last one", () => {
    const { byKey } = outlineFrom([
      { kind: "submitted", second: 0 },
      { kind: "entered", key: "a#0", second: 1 },
      { kind: "failed", key: "a#0", payload: { code: "step_failed", message: "no" }, second: 2 },
      { kind: "run_failed", payload: { code: "step_failed", message: "no" }, second: 2 },
      { kind: "run_retried", second: 60 },
      { kind: "entered", key: "a#0", second: 61 },
      { key: "a#0", second: 63 },
    ]);
    expect(byKey.get("a#0")).toMatchObject({
      attempts: 2,
      state: "completed",
      failure: null,
      begin: START + 60_000,
      end: START + 63_000,
    });
  });

  it("tells why a step has failed, also of an action", () => {
    const failure = { code: "denied", message: "Not today.", retryable: false };
    const { byKey } = outlineFrom([
      { kind: "dispatch", key: "pay#0", payload: {} },
      { kind: "outcome", key: "pay#0", payload: { failure } },
    ]);
    expect(byKey.get("pay#0")).toMatchObject({ state: "failed", failure });
  });

  it("leaves nothing open in a run that has ended", () => {
    const { parts } = outlineFrom([
      { kind: "entered", key: "a#0", second: 0 },
      { kind: "asked", key: "a#0/ask#0", payload: {}, second: 1 },
      { kind: "run_cancelled", second: 4 },
    ]);
    expect(parts.map(({ state, end }) => [state, end])).toEqual([
      ["withdrawn", START + 4000],
      ["withdrawn", START + 4000],
    ]);
  });
});
