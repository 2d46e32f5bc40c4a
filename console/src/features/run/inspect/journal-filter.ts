/** Which entries of a journal are shown, and what stands for a payload in one line. */
import type { Entry } from "../journal";

/** Characters of a payload that stand in its line. */
const PREVIEW = 160;
/** What a payload says in one line, and in full for finding; made once for each entry. */
const WRITTEN = new WeakMap<Entry, string>();

export function writtenOf(entry: Entry): string {
  let written = WRITTEN.get(entry);
  if (written === undefined) {
    const { payload } = entry;
    written = payload === undefined || payload === null ? "" : asText(payload);
    WRITTEN.set(entry, written);
  }
  return written;
}

function asText(payload: unknown): string {
  return typeof payload === "string" ? payload : JSON.stringify(payload);
}

export function previewOf(entry: Entry): string {
  return writtenOf(entry).slice(0, PREVIEW);
}

export interface Filter {
  readonly kind: string | undefined;
  readonly text: string;
}

export function matching(entries: readonly Entry[], { kind, text }: Filter): readonly Entry[] {
  const wanted = text.trim().toLowerCase();
  if (kind === undefined && wanted === "") return entries;
  return entries.filter(
    (entry) =>
      (kind === undefined || entry.kind === kind) &&
      (wanted === "" ||
        entry.kind.includes(wanted) ||
        entry.key.toLowerCase().includes(wanted) ||
        writtenOf(entry).toLowerCase().includes(wanted)),
  );
}

/** The kinds that there are, by name. */
export function kindsOf(entries: readonly Entry[]): string[] {
  return [...new Set(entries.map(({ kind }) => kind))].sort();
}
