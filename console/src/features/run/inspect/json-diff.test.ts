import { describe, expect, it } from "vitest";
import { aligned } from "./compare-model";
import { differences } from "./json-diff";

const short = (before: unknown, after: unknown) =>
  differences(before, after).map(({ path, kind }) => [path.join("."), kind]);

describe("differences of JSON values", () => {
  it("are none between equal values, however deep", () => {
    expect(differences({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toEqual([]);
  });

  it("are told by path", () => {
    expect(short({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 4, e: 5 } })).toEqual([
      ["a", "removed"],
      ["b.c", "changed"],
      ["b.d", "removed"],
      ["b.e", "added"],
    ]);
  });

  it("hold what was and what is", () => {
    expect(differences({ a: 1 }, { a: "1" })).toEqual([
      { path: ["a"], kind: "changed", before: 1, after: "1" },
    ]);
  });

  it("are of the whole where the shapes differ", () => {
    expect(short([1], { 0: 1 })).toEqual([["", "changed"]]);
    expect(short(null, "text")).toEqual([["", "changed"]]);
  });

  it("know members of lists by their names, so that one more does not change the others", () => {
    const before = [
      { id: "a", cost: 1 },
      { id: "b", cost: 2 },
    ];
    const after = [
      { id: "x", cost: 9 },
      { id: "a", cost: 1 },
      { id: "b", cost: 3 },
    ];
    expect(short(before, after)).toEqual([
      ["b.cost", "changed"],
      ["x", "added"],
    ]);
    expect(short([1, 2], [1, 3, 4])).toEqual([
      ["1", "changed"],
      ["2", "added"],
    ]);
  });
});

describe("two runs", () => {
  it("are aligned by key, what only one has standing where it stood there", () => {
    const of = (...keys: string[]) => new Map(keys.map((key) => [key, key]));
    expect(aligned(of("a", "c", "d"), of("z", "a", "b", "c")).map(({ key }) => key)).toEqual([
      "z",
      "a",
      "b",
      "c",
      "d",
    ]);
    expect(aligned(of("a"), of("b"))[0]).toEqual({ key: "b", one: undefined, other: "b" });
  });
});
