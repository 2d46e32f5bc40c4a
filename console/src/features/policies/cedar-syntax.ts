/**
 * Whether a text is Cedar, told while one types and with the place: the server says what is wrong, but not where.
 * The grammar is that of https://docs.cedarpolicy.com/policies/syntax-grammar.html. What only the schema tells
 * (types, members that are not there) is the server's to say.
 */
import { lex, type Token } from "./cedar-lexer";

export interface SyntaxFault {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

class Unexpected extends Error {
  constructor(
    readonly token: Token,
    what?: string,
  ) {
    super(what ?? (token.text === "" ? "unexpected end of the text" : `unexpected ${token.text}`));
  }
}

const VARIABLES = ["principal", "action", "resource"] as const;
const RELATIONS = new Set(["==", "!=", "<", "<=", ">", ">=", "in", "has", "like", "is"]);
const RESERVED = new Set(["if", "then", "else", "in", "is", "like", "has", "true", "false"]);
const CONSTANTS = new Set(["true", "false", "principal", "action", "resource", "context"]);
const FUNCTIONS = new Set(["ip", "decimal", "datetime", "duration"]);
/** How deep expressions may lie in each other; the reader is recursive. */
const DEEPEST = 200;
const MOST_SIGNS = 4;

/** What is wrong with a text; after a fault it goes on with the next policy. */
export function faultsOf(text: string): SyntaxFault[] {
  const reader = new Reader(lex(text), text.length);
  const found: SyntaxFault[] = [];
  while (!reader.isAtEnd) {
    try {
      reader.policy();
    } catch (error) {
      if (!(error instanceof Unexpected)) throw error;
      const { from, to } = error.token;
      found.push({ from, to, message: error.message });
      reader.skipPolicy();
    }
  }
  return found;
}

class Reader {
  private at = 0;
  private depth = 0;
  private readonly end: Token;

  constructor(
    private readonly tokens: readonly Token[],
    length: number,
  ) {
    this.end = { kind: "mark", text: "", from: length, to: length };
  }

  get isAtEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  private get next(): Token {
    return this.tokens[this.at] ?? this.end;
  }

  private is(text: string): boolean {
    return this.next.text === text && this.next.kind !== "string";
  }

  private take(): Token {
    const token = this.next;
    this.at++;
    return token;
  }

  private took(text: string): boolean {
    const is = this.is(text);
    if (is) this.at++;
    return is;
  }

  private need(text: string): void {
    if (!this.took(text)) throw new Unexpected(this.next);
  }

  private name(): Token {
    if (this.next.kind !== "name") throw new Unexpected(this.next);
    return this.take();
  }

  private string(): void {
    if (this.next.kind !== "string") throw new Unexpected(this.next);
    this.at++;
  }

  /** Go on behind the next semicolon. */
  skipPolicy(): void {
    while (!this.isAtEnd && !this.is(";")) this.at++;
    this.at++;
  }

  policy(): void {
    this.depth = 0;
    const seen = new Set<string>();
    while (this.next.kind === "annotation") {
      const annotation = this.take();
      if (seen.has(annotation.text)) throw new Unexpected(annotation, `${annotation.text} is said twice`);
      seen.add(annotation.text);
      if (this.took("(")) {
        this.string();
        this.need(")");
      }
    }
    const effect = this.name();
    if (effect.text !== "permit" && effect.text !== "forbid")
      throw new Unexpected(effect, `a policy begins with permit or forbid, not with ${effect.text}`);
    this.scope();
    while (!this.took(";")) {
      if (!this.is("when") && !this.is("unless")) throw new Unexpected(this.next);
      this.at++;
      this.need("{");
      this.expression();
      this.need("}");
    }
  }

  private scope(): void {
    this.need("(");
    for (const variable of VARIABLES) {
      const token = this.next;
      if (!this.took(variable)) throw new Unexpected(token, `${variable} stands here`);
      this.constraint(variable);
      if (variable !== "resource") this.need(",");
    }
    this.took(",");
    this.need(")");
  }

  private constraint(variable: string): void {
    if (this.took("==")) this.entityOrSlot();
    else if (this.took("in")) {
      if (variable === "action" && this.is("[")) this.list("[", "]", () => this.entity());
      else this.entityOrSlot();
    } else if (variable !== "action" && this.took("is")) {
      this.path();
      if (this.took("in")) this.entityOrSlot();
    }
  }

  private entityOrSlot(): void {
    if (this.is("?")) throw new Unexpected(this.next, "templates are not linked here: write each policy out");
    this.entity();
  }

  /** `Type::"id"`, also `Space::Type::"id"`. */
  private entity(): void {
    this.name();
    do this.need("::");
    while (this.next.kind === "name" && this.take());
    this.string();
  }

  private path(): void {
    this.name();
    while (this.took("::")) this.name();
  }

  private list(open: string, close: string, item: () => void): void {
    this.need(open);
    while (!this.took(close)) {
      item();
      if (!this.took(",") && !this.is(close)) throw new Unexpected(this.next);
    }
  }

  private expression(): void {
    if (++this.depth > DEEPEST) throw new Unexpected(this.next, "this lies too deep");
    if (this.took("if")) {
      this.expression();
      this.need("then");
      this.expression();
      this.need("else");
      this.expression();
    } else {
      do this.both();
      while (this.took("||"));
    }
    this.depth--;
  }

  private both(): void {
    do this.relation();
    while (this.took("&&"));
  }

  private relation(): void {
    this.sum();
    if (!RELATIONS.has(this.next.text)) return;
    const operator = this.take().text;
    if (operator === "has") this.member();
    else if (operator === "like") this.string();
    else if (operator === "is") {
      this.path();
      if (this.took("in")) this.sum();
    } else this.sum();
    if (RELATIONS.has(this.next.text))
      throw new Unexpected(this.next, "parentheses are needed between two comparisons");
  }

  /** What `has` asks for: a string, or names with dots between them. */
  private member(): void {
    if (this.next.kind === "string") this.string();
    else {
      do this.name();
      while (this.took("."));
    }
  }

  private sum(): void {
    do {
      do this.signed();
      while (this.took("*"));
    } while (this.took("+") || this.took("-"));
  }

  private signed(): void {
    const sign = this.is("!") ? "!" : "-";
    let count = 0;
    while (this.is(sign)) {
      if (++count > MOST_SIGNS) throw new Unexpected(this.next, `more than ${MOST_SIGNS} times ${sign}`);
      this.at++;
    }
    this.primary();
    this.accesses();
  }

  private accesses(): void {
    for (;;) {
      if (this.took(".")) {
        this.name();
        if (this.is("(")) this.list("(", ")", () => this.expression());
      } else if (this.took("[")) {
        this.string();
        this.need("]");
      } else return;
    }
  }

  private primary(): void {
    const { kind } = this.next;
    if (kind === "string" || kind === "number") this.at++;
    else if (kind === "name") this.named();
    else if (this.took("(")) {
      this.expression();
      this.need(")");
    } else if (this.is("[")) this.list("[", "]", () => this.expression());
    else if (this.is("{")) this.list("{", "}", () => this.pair());
    else throw new Unexpected(this.next);
  }

  /** A variable, a constant, an entity, or a call of a function. */
  private named(): void {
    const token = this.take();
    if (this.is("::")) {
      this.at--;
      this.entity();
    } else if (this.is("(")) {
      if (!FUNCTIONS.has(token.text)) throw new Unexpected(token, `${token.text} is no function`);
      this.list("(", ")", () => this.expression());
    } else if (!CONSTANTS.has(token.text)) {
      throw new Unexpected(token, RESERVED.has(token.text) ? undefined : `${token.text} is no variable`);
    }
  }

  private pair(): void {
    if (this.next.kind === "string") this.string();
    else this.name();
    this.need(":");
    this.expression();
  }
}
