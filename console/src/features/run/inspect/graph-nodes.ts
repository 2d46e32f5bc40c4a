/** The graph as React Flow takes it. What has not changed is the same object as before, and is not drawn again. */
import type { Laid, Placed } from "./graph-layout";
import type { StepData, StepNode } from "./graph-node";

export interface Actions {
  readonly onOpen: (key: string) => void;
  readonly onReveal: (key: string) => void;
}

type Kept = Map<string, StepNode>;

/** The nodes; `kept` holds those of the last time. */
export function nodesOf(
  { nodes }: Laid,
  chosen: string | undefined,
  actions: Actions,
  kept: Kept,
): StepNode[] {
  const made = nodes.map((placed) => {
    const node = nodeOf(placed, placed.key === chosen, actions);
    const before = kept.get(placed.key);
    return before && isSame(before, node) ? before : node;
  });
  kept.clear();
  for (const node of made) kept.set(node.id, node);
  return made;
}

function nodeOf(
  { key, part, parent, x, y, width, height, isScope }: Placed,
  isChosen: boolean,
  actions: Actions,
) {
  const node: StepNode = {
    id: key,
    type: "step",
    position: { x, y },
    width,
    height,
    measured: { width, height }, // what is out of sight is not drawn, and counts all the same for fitting the view
    data: {
      name: part.name,
      verb: part.verb,
      state: part.state,
      milliseconds: part.end === null ? null : part.end - part.begin,
      isScope,
      isChosen,
      ...actions,
    },
  };
  return parent === null ? node : { ...node, parentId: parent };
}

function isSame(one: StepNode, other: StepNode): boolean {
  return (
    one.position.x === other.position.x &&
    one.position.y === other.position.y &&
    one.width === other.width &&
    one.height === other.height &&
    (Object.keys(one.data) as (keyof StepData)[]).every((name) => one.data[name] === other.data[name])
  );
}
