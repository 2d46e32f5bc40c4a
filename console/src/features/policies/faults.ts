/** Where faults are: the server says what is wrong with which file or policy, and this finds the line. */
import { lineOf, policiesOf } from "./cedar-lexer";
import { faultsOf, type SyntaxFault } from "./cedar-syntax";

export type Files = Readonly<Record<string, string>>;

export interface Problem {
  /** Undefined where it concerns the set as a whole. */
  readonly file: string | undefined;
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

const POLICIES = ".cedar";
const UNREADABLE = /^(\S+) cannot be read: (.*)$/s;
const NUMBERED = /^(\S+\.cedar), policy (\d+)\b/;
const OF_POLICY = /^(\S+\.cedar), ([\w.-]+): (.*)$/s;
const TWICE = /^the id (\S+) is that of two policies \(\S+, (\S+)\)$/;
const OF_FILE = /^(\S+\.(?:cedar|tests\.ya?ml|tests\.json)):? /;
const OF_ID = /^([\w.-]+)[ :]/;
const IN_YAML = /line (\d+), column (\d+)/;
/** Cedar's own number of a policy, which says nothing to people. */
const OWN_NUMBER = /for policy `policy\d+`, /;

/** What the syntax alone tells of files that were not stored yet. */
export function typedProblems(files: Files): Problem[] {
  return Object.entries(files).flatMap(([file, text]) =>
    file.endsWith(POLICIES) ? faultsOf(text).map((fault) => placed(file, text, fault, fault.message)) : [],
  );
}

/** The server's faults of stored files, each with its place. */
export function storedProblems(files: Files, faults: readonly string[]): Problem[] {
  return faults.map((fault) => located(files, fault));
}

function located(files: Files, fault: string): Problem {
  const unreadable = UNREADABLE.exec(fault);
  if (unreadable) return inFile(files, unreadable[1], unreadable[2] ?? fault);
  const numbered = NUMBERED.exec(fault);
  if (numbered) return ofPolicy(files, numbered[1], fault, (_, index) => index === Number(numbered[2]) - 1);
  const ofOne = OF_POLICY.exec(fault);
  if (ofOne) {
    const message = (ofOne[3] ?? fault).replace(OWN_NUMBER, "");
    return ofPolicy(files, ofOne[1], `${ofOne[2]}: ${message}`, ({ id }) => id === ofOne[2]);
  }
  const twice = TWICE.exec(fault);
  if (twice) return ofPolicy(files, twice[2], fault, ({ id }) => id === twice[1], true);
  const file = OF_FILE.exec(fault)?.[1];
  if (file !== undefined && file in files) return inFile(files, file, fault);
  const id = OF_ID.exec(fault)?.[1];
  const holder = Object.keys(files).find((name) =>
    policiesOf(files[name] ?? "").some((one) => one.id === id),
  );
  if (holder !== undefined && id !== undefined) return ofPolicy(files, holder, fault, (one) => one.id === id);
  return { file: undefined, line: 1, from: 0, to: 0, message: fault };
}

/** A fault of a file that cannot be read: where its syntax goes wrong, or where YAML says. */
function inFile(files: Files, file: string | undefined, message: string): Problem {
  const text = files[file ?? ""] ?? "";
  if (file?.endsWith(POLICIES)) {
    const [first] = faultsOf(text);
    return placed(file, text, first ?? { from: 0, to: 0 }, message);
  }
  const line = Number(IN_YAML.exec(message)?.[1] ?? 1);
  const lines = text.split("\n");
  const from = lines.slice(0, line - 1).reduce((length, before) => length + before.length + 1, 0);
  return placed(file, text, { from, to: from + (lines[line - 1]?.length ?? 0) }, message);
}

type Span = ReturnType<typeof policiesOf>[number];

/** A fault of one policy: at what its message names in backticks, else at its beginning. */
function ofPolicy(
  files: Files,
  file: string | undefined,
  message: string,
  isMeant: (span: Span, index: number) => boolean,
  isLast = false,
): Problem {
  const text = files[file ?? ""] ?? "";
  const meant = policiesOf(text).filter(isMeant);
  const span = isLast ? meant.at(-1) : meant[0];
  if (!span) return placed(file, text, { from: 0, to: 0 }, message);
  for (const [, quoted] of message.matchAll(/`([^`]+)`/g)) {
    for (const wanted of [quoted, quoted?.split(".").at(-1)]) {
      const at = wanted ? text.indexOf(wanted, span.from) : -1;
      if (wanted && at !== -1 && at < span.to)
        return placed(file, text, { from: at, to: at + wanted.length }, message);
    }
  }
  return placed(file, text, { from: span.from, to: endOfLine(text, span.from) }, message);
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}

function placed(
  file: string | undefined,
  text: string,
  { from, to }: Pick<SyntaxFault, "from" | "to">,
  message: string,
): Problem {
  const start = Math.min(from, text.length);
  return {
    file,
    line: lineOf(text, start),
    from: start,
    to: Math.min(Math.max(to, start), text.length),
    message,
  };
}
