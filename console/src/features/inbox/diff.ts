/** What differs between two JSON values, line by line, and the version before an edit made of its changes. */
import type { Schema } from "@/api/client";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface Line {
  readonly sign: "=" | "-" | "+";
  readonly text: string;
}

type Change = NonNullable<Schema<"IntendedAction">["changes"]>[number];
type Holder = Record<string, unknown>;

/** Lines that are compared with each other at most; what is longer is shown as removed and added. */
const MOST = 2_000;

/** JSON over several lines, with the members in the order in which they are. */
export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}

/** The lines of both texts in one list: what is alike, what is gone, and what is new. */
export function diffLines(before: string, after: string): readonly Line[] {
  const old = before.split("\n");
  const now = after.split("\n");
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail))
    tail += 1;
  return [
    ...signed("=", old.slice(0, head)),
    ...between(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...signed("=", old.slice(old.length - tail)),
  ];
}

/** The longest common subsequence of lines, as a list of lines with signs. */
function between(old: readonly string[], now: readonly string[]): readonly Line[] {
  if (old.length * now.length === 0 || old.length > MOST || now.length > MOST)
    return [...signed("-", old), ...signed("+", now)];
  const width = now.length + 1;
  const longest = new Uint16Array((old.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = now.length - 1; j >= 0; j -= 1)
      longest[i * width + j] =
        old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length && j < now.length) {
    const [gone = "", come = ""] = [old[i], now[j]];
    if (gone === come) {
      lines.push({ sign: "=", text: gone });
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      lines.push({ sign: "-", text: gone });
      i += 1;
    } else {
      lines.push({ sign: "+", text: come });
      j += 1;
    }
  }
  return [...lines, ...signed("-", old.slice(i)), ...signed("+", now.slice(j))];
}

function signed(sign: Line["sign"], texts: readonly string[]): readonly Line[] {
  return texts.map((text) => ({ sign, text }));
}

/**
 * The value before `changes` led to `after`: what was added is taken out, and the rest put back.
 *
 * A change whose `before` is null is taken for one that added something: the API tells no difference.
 */
export function beforeOf(after: unknown, changes: readonly Change[]): unknown {
  const root: Holder = { "": structuredClone(after) };
  const added = changes.filter((change) => change.before === null);
  for (const { where } of added.toReversed()) remove(root, partsOf(where));
  for (const { where, before } of changes) if (before !== null) put(root, partsOf(where), before);
  return root[""];
}

/** The members that a JSON pointer names, from the root on, which is the member with the empty name. */
function partsOf(where: string): readonly string[] {
  const parts = where.split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  return parts.includes("__proto__") ? [] : parts;
}

function remove(root: Holder, parts: readonly string[]): void {
  const last = parts.at(-1) ?? "";
  const holder = parts.slice(0, -1).reduce<unknown>((value, part) => member(value, part), root);
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else if (isHolder(holder)) delete holder[last];
}

function put(root: Holder, parts: readonly string[], value: unknown): void {
  let holder: unknown = root;
  parts.forEach((part, index) => {
    if (!isHolder(holder)) return;
    const next = parts[index + 1];
    if (next === undefined) holder[part] = value;
    else if (!isHolder(holder[part])) holder[part] = /^\d+$/.test(next) ? [] : {};
    holder = holder[part];
  });
}

function member(value: unknown, part: string): unknown {
  return isHolder(value) ? value[part] : undefined;
}

function isHolder(value: unknown): value is Holder {
  return typeof value === "object" && value !== null;
}

const PLACEHOLDER = /<[A-Z][A-Z0-9_]{0,63}:[a-z0-9]{4,52}>/;

/** Whether something in a value is shown masked. */
export function isMasked(value: unknown): boolean {
  const shown = JSON.stringify(value) ?? "";
  return PLACEHOLDER.test(shown) || shown.includes('"***"') || shown.includes('"(masked)"');
}
