import { describe, expect, it } from "vitest";
import { schedules as text } from "@/strings/schedules";
import { bodyOf, cronFault, emptyDraft, faultsOf, intervalSeconds, previewOf } from "./form";

const draft = { ...emptyDraft("Europe/Berlin"), name: "nightly", workflow: "report" };

describe("a cron expression", () => {
  it.each(["30 7 * * MON-FRI", "*/15 * * * *", "0 0 L * *", "0 9 * * MON#2", "@daily"])(
    "%s is one",
    (said) => {
      expect(cronFault(said)).toBeUndefined();
    },
  );

  it.each(["", "30 7 * *", "0 30 7 * * *", "every day"])("%s has not five fields", (said) => {
    expect(cronFault(said)).toBe(text.faults.cronFields);
  });

  it("names the field that is none", () => {
    expect(cronFault("30 7h! * * *")).toBe(text.faults.cronSigns("7h!"));
  });
});

describe("an interval", () => {
  it.each([
    ["90", 90],
    ["15m", 900],
    ["2 h", 7_200],
    ["366d", 31_622_400],
  ])("%s is a length", (said, seconds) => {
    expect(intervalSeconds(said)).toBe(seconds);
  });

  it.each(["", "0s", "367d", "-5m", "1w", "soon"])("%s is none", (said) => {
    expect(intervalSeconds(said)).toBeUndefined();
  });
});

describe("a draft", () => {
  it("is told what is wrong with each field, and only of the rhythm that was chosen", () => {
    expect(faultsOf(draft)).toEqual({});
    const wrong = { ...draft, name: "9 lives", workflow: "", cron: "x", interval: "x", input: "{" };
    expect(Object.keys(faultsOf(wrong)).sort()).toEqual(["cron", "input", "name", "workflow"]);
    expect(Object.keys(faultsOf({ ...wrong, kind: "interval" }))).toContain("interval");
  });

  it("is sent with the rhythm that was chosen, and without the other", () => {
    expect(bodyOf(draft)).toMatchObject({ cron: "0 6 * * *", time_zone: "Europe/Berlin", version: null });
    const body = bodyOf({ ...draft, kind: "interval", interval: "15m", input: '{"a": 1}' });
    expect(body).toMatchObject({ interval_seconds: 900, input: { a: 1 } });
    expect(body).not.toHaveProperty("cron");
  });
});

describe("a preview", () => {
  it("is asked for by the rhythm alone, once it has no fault", () => {
    expect(previewOf({ ...draft, name: "", workflow: "" })).toEqual({
      cron: "0 6 * * *",
      time_zone: "Europe/Berlin",
      start_at: null,
      end_at: null,
      fires: 5,
    });
    expect(previewOf({ ...draft, cron: "0 6 * *" })).toBeUndefined();
    const every = { ...draft, cron: "x", kind: "interval", interval: "15m" } as const;
    expect(previewOf(every)).toMatchObject({ interval_seconds: 900 });
    expect(previewOf({ ...every, interval: "soon" })).toBeUndefined();
  });
});
