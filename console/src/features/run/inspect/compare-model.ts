/** Two runs side by side: their steps and reason cards, aligned by the keys of the steps. */
import { type Card, parentOf, type RunView } from "../journal";
import type { Outline, Part } from "./outline";

export interface Pair<T> {
  readonly key: string;
  readonly one: T | undefined;
  readonly other: T | undefined;
}

/** Things by key, in the order of the first; what only the second has stands behind what precedes it there. */
export function aligned<T>(one: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>): Pair<T>[] {
  const keys = [...one.keys()];
  let last: string | undefined;
  for (const key of other.keys()) {
    if (!one.has(key)) keys.splice(last === undefined ? 0 : keys.indexOf(last) + 1, 0, key);
    last = key;
  }
  return keys.map((key) => ({ key, one: one.get(key), other: other.get(key) }));
}

export function alignedSteps(one: Outline, other: Outline): Pair<Part>[] {
  const inOrder = ({ parts }: Outline) => new Map(parts.map((part) => [part.key, part]));
  return aligned(inOrder(one), inOrder(other));
}

/** The last reason card of each step. */
export function alignedCards(one: RunView, other: RunView): Pair<Card>[] {
  const byStep = ({ cards }: RunView) =>
    new Map(cards.map(({ key, card }) => [parentOf(key) ?? card.agent, card]));
  return aligned(byStep(one), byStep(other));
}
