import { expect, test } from "vitest";
import { BEGINNING, bodyOf } from "./form";

test("arms of a prompt name versions, and the control leaves what is its own open", () => {
  const body = bodyOf({ ...BEGINNING, name: " triage-4 ", about: "support/triage" });
  expect(body).toMatchObject({ name: "triage-4", about: "support/triage", rollout: null, alpha: 0.05 });
  expect(body.arms).toEqual([
    { name: "control", version: null, model: null, weight: "0" },
    { name: "candidate", version: "candidate", model: null, weight: "50" },
  ]);
});

test("arms of a model alias name models and no versions", () => {
  const arm = { id: 1, name: "candidate", version: "candidate", model: "two:m", weight: "20" };
  const body = bodyOf({ ...BEGINNING, kind: "model", about: "fast", arms: [arm] });
  expect(body.about).toBe("model:fast");
  expect(body.arms[1]).toEqual({ name: "candidate", version: null, model: "two:m", weight: "20" });
});

test("a rollout has stages and one arm without a weight", () => {
  const body = bodyOf({ ...BEGINNING, about: "a", isRollout: true, stages: "5, 50 100", hours: "0.5" });
  expect(body.rollout).toEqual({ stages: ["5", "50", "100"], minimum_seconds: 1800, minimum_calls: 100 });
  expect(body.arms.map(({ weight }) => weight)).toEqual(["0", "0"]);
});

test("a guard of which nothing is typed is none", () => {
  const guards = {
    ...BEGINNING.guards,
    cost: { worseBy: "", bound: "" },
    errors: { worseBy: "", bound: "5" },
  };
  const body = bodyOf({ ...BEGINNING, guards });
  expect(body.guards?.map(({ metric }) => metric)).toEqual(["validity", "errors", "latency", "feedback"]);
  expect(body.guards?.[1]).toEqual({ metric: "errors", worse_by: null, bound: 5 });
});
