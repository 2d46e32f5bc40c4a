import { describe, expect, it } from "vitest";
import { entriesFrom, type Sketch } from "./journals";
import { linesOf, selected, written } from "./log-lines";

const told = (sketches: readonly Sketch[]) =>
  linesOf(entriesFrom(sketches)).map(({ level, step, text }) => [level, step, text]);

describe("the lines of a run", () => {
  it("say progress and decisions in the name of the step that emitted them", () => {
    expect(
      told([
        { kind: "emitted", key: "emit#0", payload: { progress: { message: "reading", done: 1, total: 4 } } },
        {
          kind: "emitted",
          key: "judge#0/emit#0",
          payload: { card: { decision: "Refund it.", confidence: 0.3, failed: [["model", "timeout"]] } },
        },
      ]),
    ).toEqual([
      ["info", "", "reading (1 of 4)"],
      ["warning", "judge#0", "The rung model failed: timeout"],
      ["warning", "judge#0", "Refund it. (30% confident)"],
    ]);
  });

  it("say failures with their code, and that a step was begun again", () => {
    const failed = {
      kind: "failed",
      key: "a#0",
      payload: { code: "step_failed", message: "The bridge is closed." },
    };
    expect(
      told([failed, { kind: "run_retried" }, { kind: "entered", key: "a#0" }, { key: "a#0", payload: {} }]),
    ).toEqual([
      ["error", "a#0", "Failed: step_failed: The bridge is closed."],
      ["warning", "", "The run is tried again."],
      ["warning", "a#0", "Begun again, attempt 2."],
      ["info", "a#0", "Completed."],
    ]);
  });

  it("say questions, answers, actions and what went wrong with them", () => {
    expect(
      told([
        { kind: "asked", key: "ask:go", payload: { prompt: "Go?" } },
        { kind: "answered", key: "ask:go", payload: { answer: "yes", by: "ada" } },
        { kind: "dispatch", key: "pay#0", payload: { decision: { verdict: "allow" } } },
        { kind: "outcome", key: "pay#0", payload: { failure: { code: "declined", message: "No." } } },
        { kind: "saved", key: "save#0", payload: { name: "a.txt" } },
        { kind: "answered", key: "ask:b", encoding: "unreadable" },
        { kind: "noted", key: "now#0", payload: 1 },
      ]),
    ).toEqual([
      ["info", "ask:go", "Asked: Go?"],
      ["info", "ask:go", "Answered by ada: yes"],
      ["info", "pay#0", "Dispatched the action pay; the policies say: allow."],
      ["error", "pay#0", "Failed: declined: No."],
      ["info", "save#0", "Saved a.txt."],
      ["warning", "ask:b", "An entry that cannot be read."],
    ]);
  });

  it("are chosen by level and text, and copied with their time", () => {
    const lines = linesOf(
      entriesFrom([
        { kind: "submitted" },
        { kind: "failed", key: "a#0", payload: { code: "x", message: "Broken" } },
        { kind: "run_lost" },
      ]),
    );
    expect(selected(lines, "warning", "")).toHaveLength(2);
    expect(selected(lines, "error", "")).toHaveLength(1);
    expect(selected(lines, "all", "brOKen").map(written)).toEqual([
      "2026-01-01T00:00:01.000Z ERROR   a#0 Failed: x: Broken",
    ]);
  });
});
