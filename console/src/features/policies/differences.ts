/** What differs between two sets of policies, as people speak of it: policies by their ids, and lines of files. */
import { diffOf } from "@/kit/line-diff";
import { policiesOf } from "./cedar-lexer";
import type { Files } from "./faults";

export type Alteration = "added" | "removed" | "altered";

export interface Differences {
  readonly policies: readonly { readonly id: string; readonly kind: Alteration }[];
  readonly files: readonly FileDifference[];
}

export interface FileDifference {
  readonly name: string;
  readonly kind: Alteration;
  readonly added: number;
  readonly removed: number;
}

export function differencesOf(before: Files, after: Files): Differences {
  return { policies: policyDifferences(before, after), files: fileDifferences(before, after) };
}

function policyDifferences(before: Files, after: Files): Differences["policies"] {
  const [old, now] = [byId(before), byId(after)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((id) => {
    const kind = alteration(old.get(id), now.get(id));
    return kind ? [{ id, kind }] : [];
  });
}

/** The text of each policy by its id; those without one are told by lines only. */
function byId(files: Files): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, text] of Object.entries(files)) {
    if (!name.endsWith(".cedar")) continue;
    for (const { id, from, to } of policiesOf(text))
      if (id !== undefined) found.set(id, text.slice(from, to));
  }
  return found;
}

function fileDifferences(before: Files, after: Files): FileDifference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((name) => {
    const kind = alteration(before[name], after[name]);
    if (!kind) return [];
    const lines = diffOf(before[name] ?? "", after[name] ?? "");
    const count = (wanted: string) => lines.filter((line) => line.kind === wanted).length;
    return [{ name, kind, added: count("added"), removed: count("removed") }];
  });
}

function alteration(before: string | undefined, after: string | undefined): Alteration | undefined {
  if (before === after) return undefined;
  if (before === undefined) return "added";
  return after === undefined ? "removed" : "altered";
}
