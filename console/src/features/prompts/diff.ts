/** A unified diff as rows with line numbers, to be shown side by side with signs and colours. */

export interface DiffRow {
  readonly kind: "same" | "gone" | "added" | "gap";
  readonly before: number | null;
  readonly after: number | null;
  readonly text: string;
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** The rows of a unified diff; what stands before its first hunk are names of files. */
export function rowsOf(diff: string): DiffRow[] {
  const rows: DiffRow[] = [];
  let before = 0;
  let after = 0;
  let isWithin = false;
  for (const line of diff.replace(/\n$/, "").split("\n")) {
    const hunk = HUNK.exec(line);
    if (hunk) {
      if (isWithin) rows.push({ kind: "gap", before: null, after: null, text: "" });
      [before, after] = [Number(hunk[1]), Number(hunk[2])];
      isWithin = true;
    } else if (isWithin && line.startsWith("-"))
      rows.push({ kind: "gone", before: before++, after: null, text: line.slice(1) });
    else if (isWithin && line.startsWith("+"))
      rows.push({ kind: "added", before: null, after: after++, text: line.slice(1) });
    else if (isWithin && !line.startsWith("\\"))
      rows.push({ kind: "same", before: before++, after: after++, text: line.slice(1) });
  }
  return rows;
}
