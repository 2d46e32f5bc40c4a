import { describe, expect, it } from "vitest";
import { outlineFrom, START } from "./journals";
import { axisOf, barsOf, type Interval, joined, lengthOf, marksOf, waitsOf, without } from "./timeline-model";
import { barsOfSpans, type Span } from "./trace-model";

const NOW = START + 100_000;

const ASKED = [
  { kind: "submitted", second: 0 },
  { key: "before#0", second: 2 },
  { kind: "entered", key: "gate#0", second: 2 },
  { kind: "asked", key: "gate#0/ask:go", payload: { prompt: "Go?" }, second: 3 },
  { kind: "answered", key: "gate#0/ask:go", payload: { answer: "yes" }, second: 53 },
  { key: "gate#0", second: 54 },
  { kind: "run_completed", second: 54 },
];

describe("intervals", () => {
  it("are joined where they touch", () => {
    const apart: Interval[] = [
      [5, 6],
      [1, 3],
      [2, 4],
      [4, 5],
      [8, 8],
    ];
    expect(joined(apart)).toEqual([[1, 6]]);
  });

  it("are left without what lies in others", () => {
    expect(
      without(
        [
          [0, 10],
          [20, 30],
        ],
        [
          [2, 4],
          [8, 22],
        ],
      ),
    ).toEqual([
      [0, 2],
      [4, 8],
      [22, 30],
    ]);
  });
});

describe("the timeline", () => {
  it("tells waiting from working", () => {
    const outline = outlineFrom(ASKED);
    expect(lengthOf(waitsOf(outline, NOW))).toBe(50_000);
    const bars = Object.fromEntries(barsOf(outline, NOW).map((bar) => [bar.id, bar]));
    expect(bars["before#0"]).toMatchObject({ tone: "work", waits: [] });
    expect(bars["gate#0"]).toMatchObject({ tone: "outer", waits: [[START + 3000, START + 53_000]] });
    expect(bars["gate#0/ask:go"]?.tone).toBe("wait");
  });

  it("does not call it waiting while another branch works", () => {
    const outline = outlineFrom([
      { kind: "submitted", second: 0 },
      { kind: "gathered", key: "gather#0", payload: { branches: 2 }, second: 0 },
      { kind: "asked", key: "gather#0/0/ask#0", payload: {}, second: 0 },
      { key: "gather#0/1/work#0", second: 40 },
      { kind: "answered", key: "gather#0/0/ask#0", payload: {}, second: 50 },
    ]);
    expect(waitsOf(outline, NOW)).toEqual([[START + 40_000, START + 50_000]]);
  });

  it("grows until now while something is under way", () => {
    const outline = outlineFrom([{ kind: "slept", key: "sleep#0", payload: {}, second: 0 }]);
    expect(lengthOf(waitsOf(outline, NOW))).toBe(100_000);
  });
});

describe("the axis", () => {
  it("goes from the beginning to the end", () => {
    const axis = axisOf(0, 200);
    expect([0, 50, 200, 300].map(axis.at)).toEqual([0, 0.25, 1, 1]);
  });

  it("gives what is left out a trace of room only, and marks what is shown", () => {
    const axis = axisOf(0, 1000, [[100, 900]]);
    expect(axis.shown).toBe(200);
    expect(axis.at(900) - axis.at(100)).toBeLessThan(0.02);
    expect(axis.at(100)).toBeCloseTo(0.494, 2);
    expect(axis.momentOf(150)).toBe(950);
  });

  it("is marked at round distances", () => {
    expect(marksOf(50_000)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
    expect(marksOf(30 * 86_400_000)).toHaveLength(6);
  });
});

describe("spans of a trace", () => {
  const span = (span_id: string, parent_id: string | null, more: Partial<Span> = {}): Span => ({
    span_id,
    parent_id,
    kind: "call",
    name: span_id,
    key: span_id,
    started_at: "2026-01-01T00:00:00Z",
    ended_at: "2026-01-01T00:00:01Z",
    exact: true,
    status: "ok",
    entries: [1, 2],
    ...more,
  });

  it("stand below the ones around them, with what went wrong", () => {
    const bars = barsOfSpans([
      span("run", null, { kind: "run" }),
      span("second", "run", { status: "failed", error_code: "denied", error: "No." }),
      span("inner", "second", { exact: false, ended_at: null, status: "open" }),
      span("lost", "nowhere"),
    ]);
    expect(bars.map(({ id, depth, tone }) => [id, depth, tone])).toEqual([
      ["run", 0, "outer"],
      ["second", 1, "failed"],
      ["inner", 2, "work"],
      ["lost", 0, "work"],
    ]);
    expect(bars[1]?.said).toBe("denied: No.");
    expect(bars[2]).toMatchObject({ end: null, exact: false });
  });
});
