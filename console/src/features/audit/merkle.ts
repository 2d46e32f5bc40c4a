/**
 * Merkle trees as RFC 6962 (section 2.1) and RFC 9162 define them: what a browser needs to check proofs by itself.
 * The same algorithms as `pilothouse.audit.tree`; SHA-256 by WebCrypto.
 */

const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);

/** Bytes that WebCrypto takes: never shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>;

export function joined(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export async function sha256(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** The hash of a leaf's bytes. */
export function leafHash(data: Bytes): Promise<Bytes> {
  return sha256(joined(LEAF, data));
}

/** The hash of two subtrees. */
export function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(joined(NODE, left, right));
}

export function isSame(one: Bytes, other: Bytes): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Bytes from base64; throws `SyntaxError` where it is none. */
export function fromBase64(text: string): Bytes {
  let letters: string;
  try {
    letters = atob(text);
  } catch {
    throw new SyntaxError("this is no base64");
  }
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export interface Inclusion {
  /** The place of the leaf, from 0. */
  readonly index: number;
  /** Leaves of the tree. */
  readonly size: number;
  /** Hashes of siblings, from the leaf upwards. */
  readonly path: readonly Bytes[];
}

/** The root to which a leaf's hash and its path lead (RFC 9162, 2.1.3.2); undefined where the path does not fit. */
export async function rootOf(leaf: Bytes, { index, size, path }: Inclusion): Promise<Bytes | undefined> {
  if (!isPlace(index, size)) return undefined;
  let node = leaf;
  let at = index;
  let last = size - 1;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (isOdd(at) || at === last) {
      node = await nodeHash(sibling, node);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else node = await nodeHash(node, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? node : undefined;
}

/** Whether `path` proves that the tree with this root has the leaf with this hash. */
export async function includes(root: Bytes, leaf: Bytes, inclusion: Inclusion): Promise<boolean> {
  const found = await rootOf(leaf, inclusion);
  return found !== undefined && isSame(found, root);
}

export interface Tree {
  readonly size: number;
  readonly root: Bytes;
}

/** Whether `path` proves that the second tree begins with the first one (RFC 9162, 2.1.4.2). */
export async function consistent(first: Tree, second: Tree, path: readonly Bytes[]): Promise<boolean> {
  if (first.size > second.size) return false;
  if (first.size === second.size) return path.length === 0 && isSame(first.root, second.root);
  if (first.size === 0) return path.length === 0 && isSame(first.root, await sha256(new Uint8Array()));
  const roots = await rootsOf(first, second, path);
  return roots !== undefined && isSame(roots.before, first.root) && isSame(roots.after, second.root);
}

/** The two roots to which a path between trees leads; undefined where it does not fit their sizes. */
async function rootsOf(
  first: Tree,
  second: Tree,
  path: readonly Bytes[],
): Promise<{ before: Bytes; after: Bytes } | undefined> {
  const [start, ...rest] = isPowerOfTwo(first.size) ? [first.root, ...path] : path;
  if (start === undefined) return undefined;
  let at = first.size - 1;
  let last = second.size - 1;
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  let before = start;
  let after = start;
  for (const node of rest) {
    if (last === 0) return undefined;
    if (isOdd(at) || at === last) {
      before = await nodeHash(node, before);
      after = await nodeHash(node, after);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else after = await nodeHash(after, node);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? { before, after } : undefined;
}

function isPlace(index: number, size: number): boolean {
  return Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size;
}

// no bit operators: those end at 32 bits, and a log may have more entries
const isOdd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest > 1 && !isOdd(rest)) rest = half(rest);
  return rest === 1;
}
