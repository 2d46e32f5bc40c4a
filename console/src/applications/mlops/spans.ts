/** Where in a prompt each constraint was read: the prompt in pieces, each with the constraints that rest on it. */

export interface Span {
  /** What was read there. */
  readonly name: string;
  /** Places in characters, as Python counts them: those beyond 16 bits are one. */
  readonly start: number;
  readonly end: number;
}

export interface Piece {
  readonly start: number;
  readonly text: string;
  readonly names: readonly string[];
}

/** Spans may overlap, hold one another or be the same; what lies outside of the prompt is left out. */
export function piecesOf(prompt: string, spans: readonly Span[]): readonly Piece[] {
  const characters = [...prompt];
  const within = spans
    .map(({ name, start, end }) => ({
      name,
      start: Math.max(0, start),
      end: Math.min(end, characters.length),
    }))
    .filter(({ start, end }) => start < end);
  const ends = within.flatMap(({ start, end }) => [start, end]);
  const cuts = [...new Set([0, ...ends, characters.length])].sort((one, other) => one - other);
  return cuts.slice(0, -1).map((start, place) => {
    const end = cuts[place + 1] ?? characters.length;
    const names = within.filter((span) => span.start <= start && end <= span.end).map(({ name }) => name);
    return { start, text: characters.slice(start, end).join(""), names: [...new Set(names)] };
  });
}
