/** What a workflow takes: a text as it is, a text as the one member that has to be there, or JSON. */
import type { Schema } from "@/api/client";
import { readJson } from "@/kit/json";
import { faultsOf } from "@/kit/json-schema";
import { start as text } from "@/strings/start";

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

/** What is wrong with JSON that was typed, in words; the server checks it again. */
export function faultOf(schema: JsonSchema, typed: string): string | undefined {
  const { value, fault } = readJson(typed);
  if (fault !== undefined) return text.notJson(fault);
  return faultsOf(value, schema).join(" ") || undefined;
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
