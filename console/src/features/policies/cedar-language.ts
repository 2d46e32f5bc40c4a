/** Cedar for CodeMirror: highlighting, in colours that keep 4.5:1 to their ground in both themes. */
import {
  StreamLanguage,
  type StreamParser,
  type StringStream,
  syntaxHighlighting,
} from "@codemirror/language";
import classes from "./cedar.module.css";
import { type TokenKind, WORDS } from "./cedar-lexer";

interface State {
  /** Within a string that goes on from the line before. */
  isInString: boolean;
}

const KEYWORDS = new Set([
  "permit",
  "forbid",
  "when",
  "unless",
  "if",
  "then",
  "else",
  "in",
  "has",
  "like",
  "is",
]);
const VARIABLES = new Set(["principal", "action", "resource", "context"]);
const PUNCTUATION = new Set(["(", ")", "{", "}", "[", "]", ",", ";", ":", "::", "."]);
const PATTERNS = WORDS.map(([kind, pattern]) => [kind, new RegExp(`^(?:${pattern})`)] as const);
const REST_OF_STRING = /^(?:[^"\\]|\\.)*(?:"|\\?$)/;

export const cedarParser: StreamParser<State> = {
  name: "cedar",
  startState: () => ({ isInString: false }),
  token(stream, state) {
    if (state.isInString) return inString(stream, state);
    if (stream.eatSpace()) return null;
    for (const [kind, pattern] of PATTERNS) if (stream.match(pattern)) return styleOf(kind, stream);
    if (stream.peek() === '"') {
      stream.next();
      return inString(stream, state);
    }
    stream.next();
    return "invalid";
  },
  languageData: { commentTokens: { line: "//" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } },
};

function inString(stream: StringStream, state: State): string {
  stream.match(REST_OF_STRING);
  state.isInString = !/(^|[^\\])(\\\\)*"$/.test(stream.current()) || stream.current() === '"';
  return "string";
}

function styleOf(kind: TokenKind, stream: StringStream): string {
  if (kind === "annotation") return "meta";
  if (kind === "name") return nameStyle(stream);
  if (kind !== "mark") return kind;
  return PUNCTUATION.has(stream.current()) ? "punctuation" : "operator";
}

function nameStyle(stream: StringStream): string {
  const word = stream.current();
  const isMember = stream.string.slice(0, stream.start).trimEnd().endsWith(".");
  if (isMember) return "propertyName";
  if (/^\s*::/.test(stream.string.slice(stream.pos))) return "typeName";
  if (KEYWORDS.has(word)) return "keyword";
  if (VARIABLES.has(word)) return "variableName.special";
  return word === "true" || word === "false" ? "bool" : "propertyName";
}

export const cedar = StreamLanguage.define(cedarParser);

/** Classes by the names of tags: what a word is shown as stands in the style sheet, for both themes. */
const INKS: Readonly<Record<string, string | undefined>> = {
  keyword: classes.keyword,
  bool: classes.keyword,
  "special(variableName)": classes.variable,
  typeName: classes.type,
  string: classes.string,
  number: classes.number,
  comment: classes.comment,
  meta: classes.annotation,
  invalid: classes.invalid,
};

export const cedarInk = syntaxHighlighting({
  style: (tags) => tags.map((tag) => INKS[String(tag)]).find((ink) => ink !== undefined) ?? null,
});
