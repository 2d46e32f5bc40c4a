/**
 * The vectors are made by the server's own code, `python -m support.tree_vectors` in tests/;
 * tests/console/test_vectors.py fails where they differ from it.
 */
import { describe, expect, it } from "vitest";
import {
  type Bytes,
  consistent,
  fromBase64,
  includes,
  isSame,
  leafHash,
  nodeHash,
  rootOf,
  sha256,
} from "./merkle";
import vectors from "./vectors.json";

const bytes = (text: string): Bytes => new TextEncoder().encode(text);

/** A tree's root and the path of one of its leaves, written straight from RFC 6962, 2.1. */
async function rootAndPath(hashes: readonly Bytes[], index: number): Promise<{ root: Bytes; path: Bytes[] }> {
  const [only] = hashes;
  if (only && hashes.length === 1) return { root: only, path: [] };
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  const left = await rootAndPath(hashes.slice(0, split), index);
  const right = await rootAndPath(hashes.slice(split), index - split);
  const path = index < split ? [...left.path, right.root] : [...right.path, left.root];
  return { root: await nodeHash(left.root, right.root), path };
}

function flipped(data: Bytes, bit: number): Bytes {
  const changed = Uint8Array.from(data);
  const at = Math.floor(bit / 8) % data.length;
  changed[at] = (changed[at] ?? 0) ^ (1 << (bit % 8));
  return changed;
}

describe("inclusion", () => {
  it("holds for each leaf of the server's trees, and for no other place or root", async () => {
    for (const { size, root, paths } of vectors.trees) {
      for (const [index, told] of paths.entries()) {
        const leaf = await leafHash(bytes(vectors.leaves[index] ?? ""));
        const path = told.map(fromBase64);
        expect(await includes(fromBase64(root), leaf, { index, size, path })).toBe(true);
        expect(await includes(flipped(fromBase64(root), index), leaf, { index, size, path })).toBe(false);
        for (const other of [index - 1, index + 1, size])
          expect(await includes(fromBase64(root), leaf, { index: other, size, path })).toBe(false);
      }
    }
  });

  it("holds for every index of trees of 1 to 33 leaves, and not with a flipped bit", async () => {
    const hashes = await Promise.all(Array.from({ length: 33 }, (_, n) => leafHash(bytes(`leaf ${n}`))));
    for (let size = 1; size <= hashes.length; size++) {
      for (let index = 0; index < size; index++) {
        const { root, path } = await rootAndPath(hashes.slice(0, size), index);
        const leaf = hashes[index] ?? new Uint8Array();
        expect(await includes(root, leaf, { index, size, path })).toBe(true);
        const bit = (size * 37 + index * 11) % 256;
        expect(await includes(root, flipped(leaf, bit), { index, size, path })).toBe(false);
        const at = index % Math.max(1, path.length);
        const bent = path.map((node, n) => (n === at ? flipped(node, bit) : node));
        if (path.length > 0) expect(await includes(root, leaf, { index, size, path: bent })).toBe(false);
      }
    }
  });

  it("does not hold with a path that is too short or too long", async () => {
    const { size, root, paths } = vectors.trees[4] ?? { size: 0, root: "", paths: [] };
    const path = (paths[2] ?? []).map(fromBase64);
    const leaf = await leafHash(bytes(vectors.leaves[2] ?? ""));
    expect(await rootOf(leaf, { index: 2, size, path: path.slice(1) })).toBeUndefined();
    expect(await rootOf(leaf, { index: 2, size, path: [...path, fromBase64(root)] })).toBeUndefined();
  });
});

describe("consistency", () => {
  const roots = new Map(vectors.trees.map(({ size, root }) => [size, fromBase64(root)]));
  const tree = (size: number) => ({ size, root: roots.get(size) ?? new Uint8Array() });

  it("holds between the server's trees, and not with another root or path", async () => {
    for (const { first, second, path: told } of vectors.pairs) {
      const path = told.map(fromBase64);
      expect(await consistent(tree(first), tree(second), path)).toBe(true);
      const other = { size: first, root: flipped(tree(first).root, second) };
      expect(await consistent(other, tree(second), path)).toBe(false);
      const grown = { size: second, root: flipped(tree(second).root, first) };
      expect(await consistent(tree(first), grown, path)).toBe(false);
      if (path.length > 0) expect(await consistent(tree(first), tree(second), path.slice(1))).toBe(false);
    }
  });

  it("never holds towards a smaller tree, and holds from the empty one", async () => {
    expect(await consistent(tree(8), tree(7), [])).toBe(false);
    const empty = { size: 0, root: await sha256(new Uint8Array()) };
    expect(await consistent(empty, tree(8), [])).toBe(true);
    expect(await consistent({ size: 0, root: tree(1).root }, tree(8), [])).toBe(false);
  });
});

it("tells leaves from nodes, so that neither passes for the other", async () => {
  const [one, two] = [await leafHash(bytes("a")), await leafHash(bytes("b"))];
  expect(isSame(await nodeHash(one, two), await leafHash(Uint8Array.from([...one, ...two])))).toBe(false);
});
