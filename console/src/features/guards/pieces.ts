/** A text in pieces: what lies between findings, and what was found, also where findings lie in each other. */
import type { Schema } from "@/api/client";

export type Finding = Schema<"ScanFinding">;

export interface Piece {
  /** Place of its first character. */
  readonly start: number;
  readonly text: string;
  /** What was found there, the surest first; empty where nothing was. */
  readonly found: readonly Finding[];
}

/** Findings count characters as Python does: one for each code point, not one for each unit of UTF-16. */
export function piecesOf(text: string, findings: readonly Finding[]): readonly Piece[] {
  const characters = Array.from(text);
  const edges = new Set([0, characters.length]);
  for (const { start, end } of findings) edges.add(start).add(end);
  const places = [...edges]
    .filter((place) => place <= characters.length)
    .toSorted((one, other) => one - other);
  return places.slice(0, -1).map((start, index) => {
    const end = places[index + 1] ?? characters.length;
    const found = findings
      .filter((finding) => finding.start <= start && finding.end >= end)
      .toSorted((one, other) => other.confidence - one.confidence);
    return { start, text: characters.slice(start, end).join(""), found };
  });
}
