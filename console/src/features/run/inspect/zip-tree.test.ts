import { strToU8, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { rowsOf } from "./csv";
import { asText, fileIn, filesIn, MOST, type TreeNode, treeOf } from "./zip-tree";

const ARCHIVE = zipSync({
  "top/b.py": strToU8("print('b')\n"),
  "top/src/a.py": strToU8("a = 1\n"),
  "top/.env": strToU8("A=1"),
  "README.md": strToU8("# Grüße"),
  "top/large.bin": new Uint8Array(MOST + 1),
});

const names = (nodes: readonly TreeNode[]): unknown[] =>
  nodes.map(({ name, children }) => (children ? [name, names(children)] : name));

describe("an archive", () => {
  it("is a tree with folders first", () => {
    expect(names(treeOf(filesIn(ARCHIVE)))).toEqual([
      ["top", [["src", ["a.py"]], ".env", "b.py", "large.bin"]],
      "README.md",
    ]);
  });

  it("gives one file at a time, and none that is too large", () => {
    expect(asText(fileIn(ARCHIVE, "README.md") as Uint8Array)).toBe("# Grüße");
    expect(fileIn(ARCHIVE, "top/large.bin")).toBeUndefined();
    expect(fileIn(ARCHIVE, "nowhere")).toBeUndefined();
  });

  it("is refused where it is none", () => {
    expect(() => filesIn(strToU8("no archive"))).toThrow();
  });

  it("has text, and what is none", () => {
    expect(asText(new Uint8Array([0xff, 0xfe]))).toBeUndefined();
    expect(asText(new Uint8Array([65, 0]))).toBeUndefined();
  });
});

describe("CSV", () => {
  it("is read with quotes, separators and line ends in them", () => {
    expect(rowsOf('a,"b,c"\r\n"d ""e""","f\ng"\n\n')).toEqual([
      ["a", "b,c"],
      ['d "e"', "f\ng"],
    ]);
  });
});
