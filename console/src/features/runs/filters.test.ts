import { describe, expect, it } from "vitest";
import { bodyOf, countOf, filtersOf, queryOf, searchOf, type View, viewOf } from "./filters";

const FULL: View = {
  status: ["failed", "waiting"],
  workflow: "mlops",
  version: "2",
  principal: "ada@example.com",
  labels: ["team=risk", "env=prod"],
  after: "2026-03-01T00:00:00.000Z",
  before: "2026-03-02T00:00:00.000Z",
  asks: true,
  id: "01a202e5",
  sort: "changed",
  span: "7d",
};

describe("a view in the address", () => {
  it("comes back as it was", () => {
    expect(viewOf(searchOf(FULL))).toEqual(FULL);
    expect(viewOf(JSON.parse(JSON.stringify(searchOf(FULL))))).toEqual(FULL);
  });

  it("says nothing of what is usual", () => {
    expect(searchOf(viewOf({}))).toEqual({});
    expect(countOf(viewOf({}))).toBe(0);
  });

  it("leaves out what makes no sense", () => {
    const odd = {
      status: "gone,failed,failed",
      version: 3,
      labels: "nothing",
      after: "soon",
      id: "xyz",
      sort: "up",
    };
    expect(searchOf(viewOf(odd))).toEqual({ status: "failed" });
  });

  it("takes what a person may write by hand", () => {
    expect(viewOf({ status: ["failed"], workflow: "mlops", version: 3, asks: "true" })).toMatchObject({
      status: ["failed"],
      version: "3",
      asks: true,
    });
  });
});

describe("a view as the API is asked", () => {
  it("has each filter by the API's name", () => {
    expect(queryOf(filtersOf(FULL))).toEqual({
      status: ["failed", "waiting"],
      workflow: "mlops",
      version: 2,
      principal: "ada@example.com",
      label: ["team:risk", "env:prod"],
      created_after: "2026-03-01T00:00:00.000Z",
      created_before: "2026-03-02T00:00:00.000Z",
      has_open_questions: true,
      id_prefix: "01a202e5",
    });
    expect(countOf(filtersOf(FULL))).toBe(9);
  });

  it("has no version without a workflow, and nothing where nothing is wanted", () => {
    expect(bodyOf({ ...FULL, workflow: "" })).not.toHaveProperty("version");
    expect(bodyOf(viewOf({}))).toEqual({});
  });
});
