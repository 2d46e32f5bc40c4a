/** What a workflow takes: a text as it is, a text as the one member that has to be there, or JSON. */
import type { Schema } from "@/api/client";

type JsonSchema = Schema<"WorkflowSummary">["input_schema"];

export type Taking =
  | { readonly kind: "text" }
  | { readonly kind: "member"; readonly name: string }
  | { readonly kind: "json" };

/** How a workflow with this schema is given a text; `json` where a text is not enough. */
export function takingOf(schema: JsonSchema): Taking {
  if (isText(schema)) return { kind: "text" };
  const [name, ...others] = requiredOf(schema);
  if (name !== undefined && others.length === 0 && isText(propertiesOf(schema)[name])) {
    return { kind: "member", name };
  }
  return { kind: "json" };
}

/** What is submitted for what was typed. Raises `SyntaxError` for JSON that is none. */
export function inputOf(taking: Taking, typed: string): unknown {
  if (taking.kind === "text") return typed;
  return taking.kind === "member" ? { [taking.name]: typed } : (JSON.parse(typed) as unknown);
}

/** An object with the members that have to be there, to begin from. */
export function skeletonOf(schema: JsonSchema): string {
  const properties = propertiesOf(schema);
  const made = Object.fromEntries(requiredOf(schema).map((name) => [name, emptyOf(properties[name])]));
  return JSON.stringify(made, null, 2);
}

/** What is wrong with JSON that was typed, in words; the server checks the whole. */
export function faultOf(schema: JsonSchema, typed: string, told: FaultTexts): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(typed);
  } catch (error) {
    return told.notJson(error instanceof Error ? error.message : String(error));
  }
  if (schema.type !== "object") return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return told.notObject;
  const given = new Set(Object.keys(value));
  const missing = requiredOf(schema).filter((name) => !given.has(name));
  if (missing.length > 0) return told.missing(missing.join(", "));
  const known = Object.keys(propertiesOf(schema));
  const unknown =
    schema.additionalProperties === false ? [...given].filter((name) => !known.includes(name)) : [];
  return unknown.length > 0 ? told.unknown(unknown.join(", ")) : undefined;
}

export interface FaultTexts {
  readonly notJson: (reason: string) => string;
  readonly notObject: string;
  readonly missing: (names: string) => string;
  readonly unknown: (names: string) => string;
}

function isText(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  if (schema.type === "string") return schema.enum === undefined;
  return Array.isArray(schema.anyOf) && schema.anyOf.some(isText);
}

function requiredOf(schema: JsonSchema): readonly string[] {
  return Array.isArray(schema.required) ? schema.required.map(String) : [];
}

function propertiesOf(schema: JsonSchema): Record<string, unknown> {
  return isObject(schema.properties) ? schema.properties : {};
}

const EMPTY: Readonly<Record<string, unknown>> = {
  string: "",
  number: 0,
  integer: 0,
  boolean: false,
  array: [],
  object: {},
};

function emptyOf(schema: unknown): unknown {
  if (!isObject(schema)) return null;
  return schema.default ?? (typeof schema.type === "string" ? (EMPTY[schema.type] ?? null) : null);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
