/** What differs between two texts, line by line (Myers' algorithm by way of common subsequences). */

export interface DiffLine {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
  /** Line numbers from 1 in the text before and in the one after; undefined where the line is not in it. */
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** Lines that are compared each with each, at most; beyond, all of the middle counts as changed. */
const MOST_CELLS = 4_000_000;

export function diffOf(before: string, after: string): DiffLine[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  const most = Math.min(old.length, now.length) - head;
  while (tail < most && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  const kept = common(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  const pairs = [
    ...Array.from({ length: head }, (_, n) => [n, n] as const),
    ...kept.map(([a, b]) => [a + head, b + head] as const),
    ...Array.from({ length: tail }, (_, n) => [old.length - tail + n, now.length - tail + n] as const),
  ];
  return woven(old, now, pairs);
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  return text.replace(/\n$/, "").split("\n");
}

/** The longest common subsequence, as pairs of places. */
function common(old: readonly string[], now: readonly string[]): (readonly [number, number])[] {
  if (old.length * now.length > MOST_CELLS) return [];
  const width = now.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  const at = (a: number, b: number) => lengths[a * width + b] ?? 0;
  for (let a = old.length - 1; a >= 0; a--)
    for (let b = now.length - 1; b >= 0; b--)
      lengths[a * width + b] =
        old[a] === now[b] ? at(a + 1, b + 1) + 1 : Math.max(at(a + 1, b), at(a, b + 1));
  const pairs: (readonly [number, number])[] = [];
  let [a, b] = [0, 0];
  while (a < old.length && b < now.length) {
    if (old[a] === now[b]) pairs.push([a++, b++]);
    else if (at(a + 1, b) >= at(a, b + 1)) a++;
    else b++;
  }
  return pairs;
}

function woven(
  old: readonly string[],
  now: readonly string[],
  pairs: readonly (readonly [number, number])[],
): DiffLine[] {
  const found: DiffLine[] = [];
  let [a, b] = [0, 0];
  for (const [nextA, nextB] of [...pairs, [old.length, now.length] as const]) {
    for (; a < nextA; a++)
      found.push({ kind: "removed", text: old[a] ?? "", before: a + 1, after: undefined });
    for (; b < nextB; b++) found.push({ kind: "added", text: now[b] ?? "", before: undefined, after: b + 1 });
    if (a < old.length && b < now.length)
      found.push({ kind: "same", text: old[a] ?? "", before: ++a, after: ++b });
  }
  return found;
}

/** Lines that differ, with some around them; `gap` stands where same ones are left out. */
export function around(lines: readonly DiffLine[], margin = 3): (DiffLine | "gap")[] {
  const near = new Set<number>();
  for (const [index, line] of lines.entries())
    if (line.kind !== "same") for (let n = index - margin; n <= index + margin; n++) near.add(n);
  const found: (DiffLine | "gap")[] = [];
  for (const [index, line] of lines.entries()) {
    if (near.has(index)) found.push(line);
    else if (found.at(-1) !== "gap") found.push("gap");
  }
  return found.length === 1 && found[0] === "gap" ? [] : found;
}
