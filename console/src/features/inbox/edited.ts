/** An action as it was before an edit, made of the changes that are told of it, and what of it is masked. */
import type { Schema } from "@/api/client";

type Change = NonNullable<Schema<"IntendedAction">["changes"]>[number];
type Holder = Record<string, unknown>;

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
