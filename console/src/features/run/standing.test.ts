import { describe, expect, it } from "vitest";
import type { Schema } from "@/api/client";
import { mainOf, sizeOf } from "./download";
import { RunJournal } from "./journal";
import { percentOf } from "./progress";
import { jobStatusOf } from "./status-line";
import { statusOf } from "./use-run";

const record = (status: string, seq: number) => ({ status, seq }) as Schema<"Run">;
const viewAt = (seq: number, status: string) => ({
  ...new RunJournal().snapshot(),
  lastSeq: seq,
  status: status as Schema<"RunStatus">,
});

describe("the status of a run", () => {
  it("is the record's, unless the journal has gone further to an end, or beyond one", () => {
    expect(statusOf(record("waiting", 5), viewAt(5, "running"))).toBe("waiting");
    expect(statusOf(record("waiting", 5), viewAt(6, "running"))).toBe("waiting");
    expect(statusOf(record("running", 5), viewAt(9, "completed"))).toBe("completed");
    expect(statusOf(record("failed", 9), viewAt(10, "queued"))).toBe("queued");
    expect(statusOf(record("completed", 9), viewAt(3, "running"))).toBe("completed");
  });

  it("is told in words for whoever looks", () => {
    expect(jobStatusOf("queued", "", false)).toBe("Processing");
    expect(jobStatusOf("running", "", false)).toBe("Processing");
    expect(jobStatusOf("waiting", "waits_for_person", true)).toBe("Waiting for you");
    expect(jobStatusOf("waiting", "waits_for_person", false)).toBe("Waiting for somebody who may answer");
    expect(jobStatusOf("waiting", "waits_for_time", false)).toBe("Waiting");
    expect(jobStatusOf("completed", "ended", false)).toBe("Completed");
  });
});

it("tells progress in per cent, and all of it at the end", () => {
  expect(percentOf({ message: "", done: 1, total: 3 }, "running")).toBe(33);
  expect(percentOf({ message: "", done: 9, total: 3 }, "running")).toBe(100);
  expect(percentOf(null, "running")).toBe(0);
  expect(percentOf(null, "completed")).toBe(100);
});

describe("what is downloaded", () => {
  const file = (name: string, media_type: string) => ({ id: name, name, media_type }) as Schema<"Artifact">;

  it("is the archive, else the first file", () => {
    const [text, archive] = [file("a.md", "text/markdown"), file("b", "application/zip")];
    expect(mainOf([text, archive])).toBe(archive);
    expect(mainOf([text])).toBe(text);
    expect(mainOf([])).toBeUndefined();
  });

  it("has a size in a unit that fits", () => {
    expect(sizeOf(0)).toBe("0 byte");
    expect(sizeOf(1_234)).toBe("1.2 kB");
    expect(sizeOf(5_000_000)).toBe("5 MB");
  });
});
