/**
 * Where the steps of a run stand in its graph: each scope is laid out by itself and is a box in the one around it.
 *
 * Steps of one branch follow each other from top to bottom; branches of a gather stand side by side.
 */
import type { Outline, Part } from "./outline";

export const NODE = { width: 220, height: 58 } as const;
/** Room in a box around what is in it; its own line stands at the top. */
const PADDING = 12;
const GAP = { between: 24, below: 30 } as const;

export interface Placed {
  readonly key: string;
  readonly part: Part;
  readonly parent: string | null;
  /** Relative to the box around it. */
  readonly x: number;
  readonly y: number;
  /** Relative to the whole. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly isScope: boolean;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
}

export interface Laid {
  readonly nodes: readonly Placed[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

interface Box {
  readonly part: Part;
  readonly width: number;
  readonly height: number;
  readonly inner: readonly Positioned[];
}

interface Positioned extends Box {
  readonly x: number;
  readonly y: number;
}

/** The graph of an outline: all its steps, those around others before them. */
export function laidOut({ children }: Outline): Laid {
  const edges: Edge[] = [];
  const whole = scope(children, null, edges);
  const nodes: Placed[] = [];
  const place = (boxes: readonly Positioned[], parent: string | null, left: number, top: number) => {
    for (const { part, x, y, width, height, inner } of boxes) {
      const at = { x, y, left: left + x, top: top + y };
      nodes.push({ key: part.key, part, parent, ...at, width, height, isScope: inner.length > 0 });
      place(inner, part.key, at.left, at.top);
    }
  };
  place(whole.boxes, null, 0, 0);
  return { nodes, edges, width: whole.width, height: whole.height };
}

interface Scope {
  readonly boxes: readonly Positioned[];
  readonly width: number;
  readonly height: number;
}

function scope(children: Outline["children"], key: string | null, edges: Edge[]): Scope {
  const boxes = (children.get(key) ?? []).map((part) => boxOf(children, part, edges));
  if (boxes.length === 0) return { boxes: [], width: 0, height: 0 };
  const follow = sequence(boxes.map(({ part }) => part));
  edges.push(...follow);
  return sideBySide(branchesOf(boxes).map(stacked));
}

function boxOf(children: Outline["children"], part: Part, edges: Edge[]): Box {
  const inside = scope(children, part.key, edges);
  if (inside.boxes.length === 0) return { part, ...NODE, inner: [] };
  const width = Math.max(NODE.width, inside.width) + 2 * PADDING;
  const shift = (width - inside.width) / 2;
  const top = NODE.height + PADDING / 2;
  const inner = inside.boxes.map((box) => ({ ...box, x: box.x + shift, y: box.y + top }));
  return { part, width, height: top + inside.height + PADDING, inner };
}

/** From each step to the next one of its branch. */
function sequence(parts: readonly Part[]): Edge[] {
  const last = new Map<number | null, string>();
  const edges: Edge[] = [];
  for (const { key, arm } of parts) {
    const from = last.get(arm);
    if (from !== undefined) edges.push({ from, to: key });
    last.set(arm, key);
  }
  return edges;
}

/** The steps of each branch, in the order of the branches' first steps. */
function branchesOf(boxes: readonly Box[]): Box[][] {
  const branches = new Map<number | null, Box[]>();
  for (const box of boxes) {
    const branch = branches.get(box.part.arm);
    if (branch) branch.push(box);
    else branches.set(box.part.arm, [box]);
  }
  return [...branches.values()];
}

/** Branches never meet, so that each has a column of its own; all begin at the same height. */
function sideBySide(columns: readonly Scope[]): Scope {
  const boxes: Positioned[] = [];
  let left = 0;
  for (const column of columns) {
    for (const box of column.boxes) boxes.push({ ...box, x: box.x + left });
    left += column.width + GAP.between;
  }
  return { boxes, width: left - GAP.between, height: Math.max(...columns.map(({ height }) => height)) };
}

/** One below the other. */
function stacked(boxes: readonly Box[]): Scope {
  const width = Math.max(...boxes.map((box) => box.width));
  let height = -GAP.below;
  const placed = boxes.map((box) => {
    const y = height + GAP.below;
    height = y + box.height;
    return { ...box, x: (width - box.width) / 2, y };
  });
  return { boxes: placed, width, height };
}

/**
 * From the foot of each step to the head of the next, as one path of SVG: hundreds of elements would be slow.
 *
 * Steps of a branch stand in the middle of its column, so that each line is straight.
 */
export function linesOf({ nodes, edges }: Laid): string {
  const at = new Map(nodes.map((node) => [node.key, node]));
  return edges
    .map(({ from, to }) => [at.get(from), at.get(to)] as const)
    .map(([one, next]) => (one && next ? `M${footOf(one)}L${headOf(next)}` : ""))
    .join("");
}

function footOf({ left, top, width, height }: Placed): string {
  return `${left + width / 2} ${top + height}`;
}

function headOf({ left, top, width }: Placed): string {
  return `${left + width / 2} ${top}`;
}
