import { expect, test } from "vitest";
import { changesBetween, differencesWithin, readResults, sameCases, standingOf } from "./results";
import { agreement, percentile, signTest, wilson } from "./statistics";

function trial(id: string, value: number, failure = "") {
  const reply = { output: "x", failure, tokens: 10, cost: "0.5", latency_ms: 100 };
  return { case: id, repeat: 1, reply, marks: failure ? [] : [["contains", value, "", [], 2, "0.25"]] };
}

function file(sheets: Readonly<Record<string, unknown[]>>, cases: Readonly<Record<string, string>> = {}) {
  const told = Object.entries(sheets).map(([version, trials]) => ({ version, model: "m", trials, id: "" }));
  return JSON.stringify({ format: 1, complete: true, checks: ["contains"], cases, sheets: told });
}

/** Values of `pilothouse.evaluations.statistics`. */
test("the statistics are those of the command", () => {
  const [low, high] = wilson(4, 6);
  expect(low).toBeCloseTo(0.2999, 3);
  expect(high).toBeCloseTo(0.9032, 3);
  expect(wilson(0, 0)).toEqual([0, 1]);
  expect(signTest(6, 0)).toBeCloseTo(0.03125, 10);
  expect(signTest(0, 0)).toBe(1);
  expect(signTest(700, 800)).toBeCloseTo(0.0106, 3);
  expect(
    agreement([
      [true, false],
      [true, true],
    ]),
  ).toBe(0.5);
  expect(agreement([[true]])).toBeNull();
  expect(percentile([3, 1, 2], 0.5)).toBe(2);
});

test("a version's standing counts what was asked, with what judges took", () => {
  const over = trial("c", 0, "not asked: what the evaluation may cost is spent");
  const sheet = readResults(file({ v: [trial("a", 1), trial("b", 0.4), over, trial("d", 0, "timed out")] }))
    .sheets[0];
  if (!sheet) throw new Error("there is one");
  expect(standingOf(sheet)).toMatchObject({ cases: 3, failures: 1, leftOut: 1, tokens: 34, cost: 2 });
  expect(standingOf(sheet).share).toBeCloseTo(1 / 3);
  expect(standingOf(sheet).checks).toEqual({ contains: 0.7 });
});

test("six cases that only one passes are a difference, five are none", () => {
  const of = (value: number, count: number) =>
    Array.from({ length: count }, (_, id) => trial(`c${id}`, value));
  expect(differencesWithin(readResults(file({ a: of(0, 6), b: of(1, 6) })))[0]?.verdict).toBe("better");
  expect(differencesWithin(readResults(file({ a: of(0, 5), b: of(1, 5) })))[0]?.verdict).toBe("same");
});

test("two files are compared on the cases that ask the same in both", () => {
  const before = readResults(file({ v: [trial("a", 1), trial("b", 0)] }, { a: "1", b: "2" }));
  const after = readResults(file({ v: [trial("a", 0), trial("b", 1)] }, { a: "1", b: "changed" }));
  expect([...sameCases(before, after)]).toEqual(["a"]);
  expect(changesBetween(before, after)[0]).toMatchObject({ onlyThis: 0, onlyOther: 1, cases: 1 });
});

test("a file that holds something else says what is wrong with it", () => {
  expect(() => readResults("{")).toThrow("it is no JSON");
  expect(() => readResults('{"format": 2}')).toThrow("its format is not 1");
  expect(() => readResults('{"format": 1, "sheets": [{"trials": [{}]}]}')).toThrow(
    "a trial is not as it should be",
  );
});
