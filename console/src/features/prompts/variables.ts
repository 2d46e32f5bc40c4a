/** The variables of a prompt as a form: what is typed for each, and the values that come of it. */
import type { Schema } from "@/api/client";
import { readJson } from "@/kit/json";

export type Variable = Schema<"Variable">;
export type Variables = Readonly<Record<string, Variable>>;
type Json = Schema<"JsonValue">;

/** What is typed by a variable's name; what is not there was left empty. */
export type Typed = Readonly<Record<string, string>>;

export interface Values {
  readonly values: Record<string, Json>;
  /** The variables of which what is typed cannot be read. */
  readonly unreadable: readonly string[];
}

/** How a variable is typed. */
export type Field = "line" | "text" | "number" | "choice" | "date" | "moment" | "json";

const LONG = 200;

export function fieldOf(variable: Variable): Field {
  switch (variable.type) {
    case "integer":
    case "number":
      return "number";
    case "boolean":
    case "enum":
      return "choice";
    case "date":
      return "date";
    case "datetime":
      return "moment";
    case "list":
    case "object":
      return "json";
    default:
      return variable.untrusted || (variable.max ?? Number.POSITIVE_INFINITY) > LONG ? "text" : "line";
  }
}

/** What one may choose from: of an enum its values, of a boolean both. */
export function choicesOf(variable: Variable): readonly string[] {
  return variable.type === "boolean" ? ["true", "false"] : variable.values;
}

/** Whether a variable may be left out. */
export function mayBeLeftOut({ optional, default: otherwise }: Variable): boolean {
  return optional || (otherwise !== null && otherwise !== undefined);
}

/** The values of what was typed. What is empty is left out: the server says whether it may be. */
export function valuesOf(variables: Variables, typed: Typed): Values {
  const values: Record<string, Json> = {};
  const unreadable: string[] = [];
  for (const [name, variable] of Object.entries(variables)) {
    const text = typed[name] ?? "";
    if (text === "") continue;
    const value = valueFrom(variable, text);
    if (value === undefined) unreadable.push(name);
    else values[name] = value;
  }
  return { values, unreadable };
}

function valueFrom(variable: Variable, text: string): Json | undefined {
  switch (fieldOf(variable)) {
    case "number":
      return Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "json":
      return readJson(text).value as Json | undefined;
    case "choice":
      return variable.type === "boolean" ? text === "true" : text;
    default:
      return text;
  }
}
