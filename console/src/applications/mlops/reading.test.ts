import { expect, test } from "vitest";
import type { Entry } from "@/features/run/journal";
import { designOf, subtotals } from "./reading";

function completed(seq: number, key: string, value: unknown): Entry {
  return { seq, kind: "completed", key, at: "2026-11-22T10:00:00Z", payload: { value } } as unknown as Entry;
}

const line = { component: "s3", resource: "b", description: "d", quantity: "1", unit: "GB", assumption: "" };

test("of a run that has just begun nothing is known, and nothing breaks", () => {
  const design = designOf([]);
  expect(design).toMatchObject({ prompt: "", constraints: [], components: [], checks: [], decisions: [] });
  expect(design.bill).toBeUndefined();
});

test("what an agent answered in a shape that is not known is left out", () => {
  const design = designOf([completed(1, "planner#0", "none"), completed(2, "rationale#0", { decisions: 7 })]);
  expect(design.components).toEqual([]);
  expect(design.decisions).toEqual([]);
});

test("the last round counts", () => {
  const plan = (name: string) => ({
    choices: [{ role: "ingest", component: "c", name, why: "", parameters: {} }],
  });
  const design = designOf([
    completed(1, "planner#0", plan("first")),
    completed(2, "planner#1", plan("second")),
  ]);
  expect(design.components.map(({ name }) => name)).toEqual(["second"]);
});

test("constraints are told with the place where they were read", () => {
  const latency = {
    value: 66.66666,
    unit: "ms",
    origin: "stated",
    confidence: 0.9,
    note: "",
    span: { start: 4, end: 9 },
  };
  const [found] = designOf([
    completed(1, "intake#0", { requirements: { prompt: "p99 67 ms", latency_ms: latency, users: null } }),
  ]).constraints;
  expect(found).toMatchObject({ name: "latency ms", value: "66.67 ms", span: { start: 4, end: 9 } });
});

test("a line without a price is counted and not added", () => {
  const lines = [
    { ...line, unitPrice: "1", monthly: "10.25" },
    { ...line, unitPrice: null, monthly: null },
    { ...line, component: "db", unitPrice: "2", monthly: "700" },
  ];
  expect(subtotals(lines).map(({ component, monthly, unknown }) => [component, monthly, unknown])).toEqual([
    ["db", 700, 0],
    ["s3", 10.25, 1],
  ]);
});
