/** What differs between two texts, line by line: of the texts themselves, or of a unified diff of them. */
import { parsePatch, type StructuredPatchHunk, structuredPatch } from "diff";

export interface DiffLine {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
  /** Line numbers from 1 in the text before and in the one after; undefined where the line is not in it. */
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** A line, or the place of same ones that are left out. */
export type DiffRow = DiffLine | "gap";

type Hunk = Pick<StructuredPatchHunk, "oldStart" | "newStart" | "lines">;

/** Changes that are looked for at most, so that no two texts hold the screen up; beyond, all of both is shown. */
const MOST = 2_000;

const KINDS: Readonly<Record<string, DiffLine["kind"]>> = { " ": "same", "-": "removed", "+": "added" };

/** All lines of both texts; none where they are the same. A line break at the end makes no difference. */
export function diffOf(before: string, after: string): readonly DiffLine[] {
  return hunksOf(before, after, Number.POSITIVE_INFINITY).flatMap(linesOf);
}

/** The lines that differ, with some around them. */
export function changesOf(before: string, after: string, margin = 3): readonly DiffRow[] {
  const rows = rowsOf(hunksOf(before, after, margin));
  const last = rows.findLast((row) => row !== "gap");
  const isCut = last?.kind === "same" && last.before !== listed(before).length;
  return isCut ? [...rows, "gap"] : rows;
}

/** The lines of a unified diff. */
export function readDiff(patch: string): readonly DiffRow[] {
  return rowsOf(parsePatch(patch).flatMap(({ hunks }) => hunks));
}

function hunksOf(before: string, after: string, context: number): readonly Hunk[] {
  const options = { context, maxEditLength: MOST };
  const patch = structuredPatch("", "", ended(before), ended(after), undefined, undefined, options);
  if (patch) return patch.hunks;
  const lines = [...listed(before).map((line) => `-${line}`), ...listed(after).map((line) => `+${line}`)];
  return [{ oldStart: 1, newStart: 1, lines }];
}

function ended(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

function listed(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function rowsOf(hunks: readonly Hunk[]): readonly DiffRow[] {
  return hunks.flatMap((hunk, index): readonly DiffRow[] =>
    index > 0 || hunk.oldStart > 1 ? ["gap", ...linesOf(hunk)] : linesOf(hunk),
  );
}

function linesOf({ oldStart, newStart, lines }: Hunk): readonly DiffLine[] {
  let [before, after] = [oldStart, newStart];
  return lines.flatMap((line) => {
    const kind = KINDS[line.charAt(0)];
    if (kind === undefined) return []; // says that the text does not end in a line break
    const text = line.slice(1);
    return {
      kind,
      text,
      before: kind === "added" ? undefined : before++,
      after: kind === "removed" ? undefined : after++,
    };
  });
}
