/**
 * The vectors are what Cedar itself reads and refuses: `python -m support.cedar_vectors` in tests/;
 * tests/console/test_vectors.py fails where they differ from it.
 */
import { StringStream } from "@codemirror/language";
import { describe, expect, it } from "vitest";
import { cedarParser } from "./cedar-language";
import { lex, lineOf, policiesOf } from "./cedar-lexer";
import { faultsOf } from "./cedar-syntax";
import vectors from "./vectors.json";

/** What each word of a text is shown as, over its lines. */
function shown(text: string): [string, string | null][] {
  const state = cedarParser.startState?.(2) ?? { isInString: false };
  return text.split("\n").flatMap((line) => {
    const stream = new StringStream(line, 2, 2);
    const found: [string, string | null][] = [];
    while (!stream.eol()) {
      const style = cedarParser.token(stream, state);
      if (stream.current().trim() !== "") found.push([stream.current(), style]);
      stream.start = stream.pos;
    }
    return found;
  });
}

describe("highlighting", () => {
  it("tells annotations, keywords, variables, types, strings, numbers and comments apart", () => {
    expect(shown('@id("a") // why\nforbid (principal in Shop::Team::"x", action, resource)')).toEqual([
      ["@id", "meta"],
      ["(", "punctuation"],
      ['"a"', "string"],
      [")", "punctuation"],
      ["// why", "comment"],
      ["forbid", "keyword"],
      ["(", "punctuation"],
      ["principal", "variableName.special"],
      ["in", "keyword"],
      ["Shop", "typeName"],
      ["::", "punctuation"],
      ["Team", "typeName"],
      ["::", "punctuation"],
      ['"x"', "string"],
      [",", "punctuation"],
      ["action", "variableName.special"],
      [",", "punctuation"],
      ["resource", "variableName.special"],
      [")", "punctuation"],
    ]);
    expect(shown("context has a && 12 >= context.a.when")).toEqual([
      ["context", "variableName.special"],
      ["has", "keyword"],
      ["a", "propertyName"],
      ["&&", "operator"],
      ["12", "number"],
      [">=", "operator"],
      ["context", "variableName.special"],
      [".", "punctuation"],
      ["a", "propertyName"],
      [".", "punctuation"],
      ["when", "propertyName"],
    ]);
  });

  it("goes on with a string on the next line, with what is escaped in it", () => {
    expect(shown('"one \\" two\nthree" true')).toEqual([
      ['"one \\" two', "string"],
      ['three"', "string"],
      ["true", "bool"],
    ]);
  });

  it("marks what is no word of Cedar, and goes on", () => {
    expect(shown("1 ' 2")).toEqual([
      ["1", "number"],
      ["'", "invalid"],
      ["2", "number"],
    ]);
  });
});

describe("syntax", () => {
  it.each(vectors)("reads and refuses as Cedar does: $text", ({ text, reads }) => {
    expect([text, faultsOf(text).length === 0]).toEqual([text, reads]);
  });

  it("tells the place, and goes on with the next policy", () => {
    const text = "permit (principal, action, resource)\nwhen { context.a == };\n\nallow (principal);\n";
    const found = faultsOf(text).map(({ from, message }) => [lineOf(text, from), message]);
    expect(found).toEqual([
      [2, "unexpected }"],
      [4, "a policy begins with permit or forbid, not with allow"],
    ]);
  });

  it("ends also with what lies very deep", () => {
    const deep = `permit (principal, action, resource) when { ${"(".repeat(5000)}`;
    expect(faultsOf(deep)[0]?.message).toBe("this lies too deep");
  });
});

describe("policies", () => {
  it("are told apart by their ids, also where one cannot be read", () => {
    const text = '@id("a")\npermit (;\n// b\n@id("b") forbid (principal, action, resource);\npermit';
    expect(policiesOf(text).map(({ id, from }) => [id, lineOf(text, from)])).toEqual([
      ["a", 1],
      ["b", 4],
      [undefined, 5],
    ]);
  });

  it("have words at the places where they stand", () => {
    const text = 'a /* "b" // c\n::"d"';
    expect(lex(text).every(({ text: word, from, to }) => text.slice(from, to) === word)).toBe(true);
  });
});
