import { describe, expect, it } from "vitest";
import { laidOut, linesOf, NODE, type Placed } from "./graph-layout";
import { outlineFrom as outline, type Sketch } from "./journals";

describe("the graph of a run", () => {
  it("has the steps of one branch one below the other", () => {
    const { nodes, edges } = laidOut(outline([{ key: "a#0" }, { key: "b#0" }, { key: "c#0" }]));
    expect(nodes.map(({ key, x }) => [key, x])).toEqual([
      ["a#0", 0],
      ["b#0", 0],
      ["c#0", 0],
    ]);
    expect(nodes[1]?.y).toBeGreaterThan((nodes[0]?.y ?? 0) + NODE.height);
    expect(edges).toEqual([
      { from: "a#0", to: "b#0" },
      { from: "b#0", to: "c#0" },
    ]);
  });

  it("has a straight line from the foot of each step to the head of the next", () => {
    const laid = laidOut(
      outline([{ key: "a#0" }, { kind: "entered", key: "b#0" }, { key: "b#0/c#0" }, { key: "b#0" }]),
    );
    const [a, b] = laid.nodes;
    const middle = (a?.left ?? 0) + (a?.width ?? 0) / 2;
    expect(linesOf(laid)).toBe(`M${middle} ${(a?.top ?? 0) + NODE.height}L${middle} ${b?.top}`);
    expect(middle).toBe((b?.left ?? 0) + (b?.width ?? 0) / 2);
  });

  it("has branches side by side in the box of their gather", () => {
    const { nodes, edges } = laidOut(
      outline([
        { kind: "gathered", key: "gather#0", encoding: "json", payload: { branches: 3 } },
        { key: "gather#0/0/a#0" },
        { key: "gather#0/1/b#0" },
        { key: "gather#0/2/c#0" },
        { key: "gather#0/1/d#0" },
        { key: "after#0" },
      ]),
    );
    const at = Object.fromEntries(nodes.map((node) => [node.key, node]));
    const [a, b, c, d] = ["0/a", "1/b", "2/c", "1/d"].map((key) => at[`gather#0/${key}#0`]);
    expect(new Set([a?.y, b?.y, c?.y]).size).toBe(1);
    expect(new Set([a?.x, b?.x, c?.x]).size).toBe(3);
    expect(d?.x).toBe(b?.x);
    expect(d?.y).toBeGreaterThan(b?.y ?? 0);
    expect(d?.parent).toBe("gather#0");
    expect(edges).toContainEqual({ from: "gather#0", to: "after#0" });
    expect(edges).toContainEqual({ from: "gather#0/1/b#0", to: "gather#0/1/d#0" });
  });

  it("keeps all of 300 steps within their scopes, and no two upon each other", () => {
    const agents = Array.from({ length: 60 }, (_, agent) => `agent#${agent}`);
    const entries = agents.flatMap((key, place) => [
      { kind: "entered", key },
      ...(place % 3 === 0
        ? branches(`${key}/gather#0`)
        : [0, 1, 2, 3].map((s) => ({ key: `${key}/s#${s}` }))),
      { key },
    ]);
    const { nodes, width, height } = laidOut(outline(entries));
    expect(nodes).toHaveLength(300);
    const at = new Map(nodes.map((node) => [node.key, node]));
    for (const node of nodes) {
      const around = at.get(node.parent ?? "");
      expect(Math.min(node.x, node.y)).toBeGreaterThanOrEqual(0);
      expect(node.x + node.width).toBeLessThanOrEqual(around?.width ?? width);
      expect(node.y + node.height).toBeLessThanOrEqual(around?.height ?? height);
    }
    const overlapping = nodes.flatMap((node, place) =>
      nodes.slice(place + 1).filter((other) => other.parent === node.parent && overlaps(node, other)),
    );
    expect(overlapping).toEqual([]);
  });
});

function branches(gather: string): Sketch[] {
  const steps = [0, 1, 2].map((arm) => ({ key: `${gather}/${arm}/s#0` }));
  return [{ kind: "gathered", key: gather, encoding: "json", payload: { branches: 3 } }, ...steps];
}

function overlaps(one: Placed, other: Placed): boolean {
  return (
    other.x < one.x + one.width &&
    one.x < other.x + other.width &&
    other.y < one.y + one.height &&
    one.y < other.y + other.height
  );
}
