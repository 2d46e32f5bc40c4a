/** A message in parts: paragraphs with the numbers of their sources, and these. */

/** `at` is its place in the paragraph. */
export type Piece = { readonly at: number } & ({ readonly text: string } | { readonly source: number });

export interface Words {
  readonly paragraphs: readonly (readonly Piece[])[];
  readonly sources: readonly { readonly number: number; readonly title: string }[];
}

const SOURCES = /^\[\d+\] .+$/;
const BETWEEN = /; (?=\[\d+\] )/;

/** Sources stand in a line of their own: `[1] Returns, Damaged items; [2] Payment`. */
export function wordsOf(text: string): Words {
  const sources = new Map<number, string>();
  const blocks = text.split(/\n{2,}/).map((block) => {
    const lines = block.split("\n");
    const last = lines.at(-1) ?? "";
    if (lines.length < 2 || !SOURCES.test(last)) return block;
    for (const one of last.split(BETWEEN)) {
      const [, number = "", title = ""] = /^\[(\d+)\] (.+)$/.exec(one) ?? [];
      sources.set(Number(number), title);
    }
    return lines.slice(0, -1).join("\n");
  });
  return {
    paragraphs: blocks.filter((block) => block.trim()).map((block) => piecesOf(block, sources)),
    sources: [...sources].map(([number, title]) => ({ number, title })),
  };
}

function piecesOf(block: string, sources: ReadonlyMap<number, string>): readonly Piece[] {
  return block
    .split(/( ?\[\d+\])/)
    .filter(Boolean)
    .map((part, at) => {
      const number = Number(/^ ?\[(\d+)\]$/.exec(part)?.[1]);
      return sources.has(number) ? { at, source: number } : { at, text: part };
    });
}
