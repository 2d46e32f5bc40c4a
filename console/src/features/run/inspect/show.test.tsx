import { describe, expect, it } from "vitest";
import { kindsOf, matching, previewOf } from "./journal-filter";
import { entriesFrom } from "./journals";
import { highlighted, languageOf } from "./languages";
import { kindOf, namedBy } from "./preview";

describe("highlighting", () => {
  it("gives back the whole text, in pieces with kinds", () => {
    const text = '\ndef f(a):\n    return "<b>&amp;"  # no HTML\n';
    const pieces = highlighted(text, "python");
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
    expect(pieces).toContainEqual({ text: "def", kinds: "hljs-keyword" });
    expect(highlighted(text, "no such")).toEqual([{ text, kinds: "" }]);
  });

  it("knows languages by the names of files", () => {
    expect(["a/main.tf", "Dockerfile", "x.yml", "b.PY", "Makefile", "LICENSE"].map(languageOf)).toEqual([
      "ini",
      "dockerfile",
      "yaml",
      "python",
      "makefile",
      undefined,
    ]);
  });
});

describe("an artifact", () => {
  it("is shown by its type", () => {
    const types = [
      "text/html; charset=utf-8",
      "image/svg+xml",
      "application/zip",
      "text/csv",
      "application/pdf",
    ];
    expect(types.map((media_type) => kindOf({ media_type }))).toEqual([
      "page",
      "picture",
      "archive",
      "text",
      "other",
    ]);
    expect(namedBy({ name: "report", media_type: "text/markdown" })).toBe("report.md");
    expect(namedBy({ name: "report.MD", media_type: "text/markdown" })).toBe("report.MD");
  });
});

describe("the journal", () => {
  const entries = entriesFrom([
    { kind: "submitted", payload: "Fraud" },
    { kind: "entered", key: "intake#0" },
    { key: "intake#0", payload: { value: "x".repeat(500) } },
  ]);

  it("is filtered by kind, and by text in kind, key and payload", () => {
    expect(matching(entries, { kind: undefined, text: " " })).toBe(entries);
    expect(matching(entries, { kind: "entered", text: "" }).map(({ seq }) => seq)).toEqual([2]);
    expect(matching(entries, { kind: undefined, text: "FRAUD" }).map(({ seq }) => seq)).toEqual([1]);
    expect(matching(entries, { kind: undefined, text: "intake" }).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(kindsOf(entries)).toEqual(["completed", "entered", "submitted"]);
  });

  it("shows the beginning of a payload", () => {
    expect(entries.map((entry) => previewOf(entry).length)).toEqual([5, 0, 160]);
  });
});
