/** How two JSON values differ: which paths were added, removed or changed. */

export interface Change {
  /** From the outside in; empty for the whole. */
  readonly path: readonly string[];
  readonly kind: "added" | "removed" | "changed";
  readonly before: unknown;
  readonly after: unknown;
}

type Members = ReadonlyMap<string, unknown>;

/** What lists of objects are known by, in this order, so that one that was put in does not move the others. */
const NAMES = ["id", "key", "name"] as const;

/** The differences from `before` to `after`, in the order of the members of `before`, then those that are new. */
export function differences(before: unknown, after: unknown): Change[] {
  const found: Change[] = [];
  compare(before, after, [], found);
  return found;
}

function compare(before: unknown, after: unknown, path: readonly string[], found: Change[]): void {
  if (Object.is(before, after)) return;
  const [one, other] = membersOf(before, after);
  if (one === undefined || other === undefined) {
    found.push({ path, kind: "changed", before, after });
    return;
  }
  for (const [name, value] of one) {
    if (other.has(name)) compare(value, other.get(name), [...path, name], found);
    else found.push({ path: [...path, name], kind: "removed", before: value, after: undefined });
  }
  for (const [name, value] of other) {
    if (!one.has(name)) found.push({ path: [...path, name], kind: "added", before: undefined, after: value });
  }
}

/** The members of two values of one shape; nothing where they are of different shapes, or have none. */
function membersOf(before: unknown, after: unknown): readonly [Members?, Members?] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const name = NAMES.find((each) => isNamedBy(before, each) && isNamedBy(after, each));
    return [listed(before, name), listed(after, name)];
  }
  if (!isObject(before) || !isObject(after) || Array.isArray(before) || Array.isArray(after)) return [];
  return [new Map(Object.entries(before)), new Map(Object.entries(after))];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isNamedBy(items: readonly unknown[], name: string): boolean {
  const names = items.map((item) => (isObject(item) ? item[name] : undefined));
  return names.every((each) => typeof each === "string") && new Set(names).size === names.length;
}

function listed(items: readonly unknown[], name: string | undefined): Members {
  return new Map(
    items.map((item, place) => [name === undefined ? String(place) : String((item as never)[name]), item]),
  );
}
