/** The words of Cedar: what its highlighting, its syntax and the places of faults are told from. */

export type TokenKind = "comment" | "string" | "number" | "name" | "annotation" | "mark" | "unknown";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Each kind of word, by how it is written; a string may go over several lines. */
export const WORDS: readonly (readonly [TokenKind, string])[] = [
  ["comment", String.raw`\/\/[^\n]*`],
  ["string", String.raw`"(?:[^"\\]|\\[^])*"`],
  ["number", String.raw`\d+`],
  ["annotation", String.raw`@[A-Za-z_]\w*`],
  ["name", String.raw`[A-Za-z_]\w*`],
  ["mark", String.raw`::|==|!=|<=|>=|&&|\|\||[(){}\[\].,;:<>+\-*!?%@=]`],
];

const ANY = new RegExp(WORDS.map(([kind, pattern]) => `(?<${kind}>${pattern})`).join("|"), "y");
const SPACE = /\s+/y;

/** The words of a text, without comments; what is no word of Cedar is one character of the kind `unknown`. */
export function lex(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    SPACE.lastIndex = at;
    if (SPACE.test(text)) {
      at = SPACE.lastIndex;
      continue;
    }
    ANY.lastIndex = at;
    const match = ANY.exec(text);
    const word = match?.[0] ?? text.charAt(at);
    const kind = (Object.entries(match?.groups ?? {}).find(([, part]) => part !== undefined)?.[0] ??
      "unknown") as TokenKind;
    if (kind !== "comment") found.push({ kind, text: word, from: at, to: at + word.length });
    at += word.length;
  }
  return found;
}

/** One policy in a text: from its first annotation to the semicolon. */
export interface Span {
  /** What its @id says. */
  readonly id: string | undefined;
  readonly from: number;
  readonly to: number;
}

/** The policies of a text, in order, also where some of them cannot be read. */
export function policiesOf(text: string): Span[] {
  const found: Span[] = [];
  let begun: Token | undefined;
  let id: string | undefined;
  const tokens = lex(text);
  for (const [index, token] of tokens.entries()) {
    begun ??= token;
    if (token.text === "@id" && tokens[index + 1]?.text === "(") id = inner(tokens[index + 2]);
    const isLast = index === tokens.length - 1;
    if (token.text !== ";" && !isLast) continue;
    found.push({ id, from: begun.from, to: token.to });
    begun = undefined;
    id = undefined;
  }
  return found;
}

function inner(token: Token | undefined): string | undefined {
  return token?.kind === "string" ? token.text.slice(1, -1) : undefined;
}

/** The line of a place in a text, from 1. */
export function lineOf(text: string, at: number): number {
  let line = 1;
  for (let next = text.indexOf("\n"); next !== -1 && next < at; next = text.indexOf("\n", next + 1)) line++;
  return line;
}
