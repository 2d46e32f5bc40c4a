/** What is in a zip archive, read in the browser: its files as a tree, and one of them at a time. */
import { type UnzipFileInfo, unzipSync } from "fflate";

/** Bytes of a file of an archive that are shown. */
export const MOST = 2 << 20;

export interface TreeNode {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  /** Undefined for a file. */
  readonly children?: readonly TreeNode[];
}

export interface Packed {
  readonly path: string;
  readonly size: number;
}

/** The files of an archive, without unpacking any. Throws where it is none. */
export function filesIn(archive: Uint8Array): Packed[] {
  const found: Packed[] = [];
  unzipSync(archive, {
    filter: ({ name, originalSize }: UnzipFileInfo) => {
      if (!name.endsWith("/")) found.push({ path: name, size: originalSize });
      return false;
    },
  });
  return found;
}

/** One file of an archive; undefined where there is none of that path, or where it is larger than `MOST`. */
export function fileIn(archive: Uint8Array, path: string): Uint8Array | undefined {
  return unzipSync(archive, {
    filter: ({ name, originalSize }) => name === path && originalSize <= MOST,
  })[path];
}

interface Growing {
  size: number;
  readonly folders: Map<string, Growing>;
  readonly files: Packed[];
}

/** Files as a tree: in each folder, folders come before files, both by name. */
export function treeOf(files: readonly Packed[]): TreeNode[] {
  const root = empty();
  for (const file of files) {
    let at = root;
    for (const part of file.path.split("/").slice(0, -1)) {
      let folder = at.folders.get(part);
      if (folder === undefined) {
        folder = empty();
        at.folders.set(part, folder);
      }
      folder.size += file.size;
      at = folder;
    }
    at.files.push(file);
  }
  return grown(root, "");
}

function empty(): Growing {
  return { size: 0, folders: new Map(), files: [] };
}

function grown({ folders, files }: Growing, around: string): TreeNode[] {
  const within = [...folders].map(([name, folder]) => {
    const path = `${around}${name}/`;
    return { name, path, size: folder.size, children: grown(folder, path) };
  });
  const beside = files.map(({ path, size }) => ({ name: path.slice(around.length), path, size }));
  const byName = (one: TreeNode, other: TreeNode) => one.name.localeCompare(other.name);
  return [...within.sort(byName), ...beside.sort(byName)];
}

/** A file as text; undefined where it is none: not UTF-8, or with zero bytes. */
export function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
