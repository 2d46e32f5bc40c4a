/** In which language a file is written, by its name, for highlighting. */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import ini from "highlight.js/lib/languages/ini";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const LANGUAGES = {
  bash,
  dockerfile,
  ini,
  javascript,
  json,
  makefile,
  markdown,
  python,
  sql,
  typescript,
  xml,
  yaml,
};
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

const BY_ENDING: Readonly<Record<string, string>> = {
  py: "python",
  pyi: "python",
  yaml: "yaml",
  yml: "yaml",
  json: "json",
  jsonl: "json",
  md: "markdown",
  sql: "sql",
  sh: "bash",
  bash: "bash",
  js: "javascript",
  ts: "typescript",
  tsx: "typescript",
  html: "xml",
  xml: "xml",
  svg: "xml",
  // closest to HCL of what there is: keys, values, comments, sections
  tf: "ini",
  tfvars: "ini",
  hcl: "ini",
  terraform: "ini",
  toml: "ini",
  ini: "ini",
  cfg: "ini",
  conf: "ini",
  env: "ini",
};

export function languageOf(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (name === "dockerfile" || name.endsWith(".dockerfile")) return "dockerfile";
  if (name === "makefile") return "makefile";
  return BY_ENDING[name.slice(name.lastIndexOf(".") + 1)];
}

/** Characters up to which a text is highlighted: beyond them it takes longer than it helps. */
const MOST = 200_000;

/** A piece of a text, of the kinds that its language gives it. */
export interface Piece {
  readonly text: string;
  readonly kinds: string;
}

/** A text in pieces; without a known language it is one. */
export function highlighted(text: string, language: string | undefined): readonly Piece[] {
  const known = language !== undefined && hljs.getLanguage(language) !== undefined;
  if (!known || text.length > MOST) return [{ text, kinds: "" }];
  const { value } = hljs.highlight(text, { language, ignoreIllegals: true });
  const pieces: Piece[] = [];
  collect(new DOMParser().parseFromString(`<pre>${value}</pre>`, "text/html").body, "", pieces);
  // the parser of HTML leaves out a line's end that follows <pre> at once
  return text.startsWith("\n") ? [{ text: "\n", kinds: "" }, ...pieces] : pieces;
}

function collect(node: Node, kinds: string, pieces: Piece[]): void {
  for (const child of node.childNodes) {
    if (child instanceof Element) collect(child, child.className || kinds, pieces);
    else if (child.textContent) pieces.push({ text: child.textContent, kinds });
  }
}
