/**
 * What is wrong with a value by a JSON Schema, in words.
 *
 * The server checks again, and has the last word; what cannot be checked here passes.
 */
import { type OutputUnit, Validator } from "@cfworker/json-schema";
import { schema as text } from "@/strings/schema";
import { pretty } from "./json";

export interface Schema {
  readonly [name: string]: unknown;
}

/** Faults that are told at most. */
const MOST = 8;

/** What is wrong with `value`, in the order in which it is found; nothing where it fits. */
export function faultsOf(value: unknown, schema: Schema): readonly string[] {
  const checked = checkable(schema);
  let errors: readonly OutputUnit[];
  try {
    errors = new Validator(checked, "2020-12", false).validate(value).errors;
  } catch {
    return []; // a schema that refers to what is not in it, or to itself for ever: the server knows it
  }
  const forms = errors.filter(({ keyword }) => keyword === "anyOf" || keyword === "oneOf");
  const faults = errors
    .filter((error) => !forms.some((form) => isOfOtherForm(error, form, checked)))
    .flatMap((error) => told(error, value, checked));
  return [...new Set(faults)].slice(0, MOST);
}

/** A value to begin from, as JSON: what the schema requires, empty or as it is by default. */
export function sampleOf(schema: Schema): string {
  return pretty(emptyOf(schema));
}

function emptyOf(schema: unknown): unknown {
  if (!isRecord(schema)) return null;
  if (schema.default !== undefined) return schema.default;
  if (schema.type !== "object" && schema.properties === undefined) return EMPTY[String(schema.type)] ?? "";
  const required = listed(schema.required).map(String);
  return Object.fromEntries(required.map((name) => [name, emptyOf(memberOf(schema.properties, name))]));
}

const EMPTY: Readonly<Record<string, unknown>> = { number: 0, integer: 0, boolean: false, array: [] };

/** A copy without what means another thing here than on the server: patterns of its language, and formats. */
function checkable(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) => {
    if (key === "format" && typeof value === "string") return undefined;
    if (key === "pattern" && typeof value === "string") return isPattern(value) ? value : undefined;
    if (key !== "patternProperties" || !isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).filter(([pattern]) => isPattern(pattern)));
  }) as Schema;
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, "u") !== undefined;
  } catch {
    return false;
  }
}

/** Whether an error is not told because of `form`: of several forms none is told, of one that may be null that one. */
function isOfOtherForm(error: OutputUnit, form: OutputUnit, schema: Schema): boolean {
  const forms = listed(valueAt(schema, form.keywordLocation));
  const real = [...forms.keys()].filter((place) => (forms[place] as Schema | undefined)?.type !== "null");
  const isWithin = error.keywordLocation.startsWith(`${form.keywordLocation}/`);
  if (real.length !== 1) return isWithin;
  return (
    error === form || (isWithin && !error.keywordLocation.startsWith(`${form.keywordLocation}/${real[0]}/`))
  );
}

type Tell = (at: string, bound: string) => string;

const TOLD: Readonly<Record<string, Tell>> = {
  type: text.type,
  enum: text.choice,
  const: text.choice,
  minimum: text.least,
  maximum: text.most,
  exclusiveMinimum: text.above,
  exclusiveMaximum: text.below,
  minLength: text.shortest,
  minItems: text.shortest,
  maxLength: text.longest,
  maxItems: text.longest,
  pattern: text.pattern,
  anyOf: text.none,
  oneOf: text.none,
};

/** Keywords of which the library tells only that something within them is wrong, and then what. */
const OUTER = new Set(["$ref", "properties", "patternProperties", "items", "prefixItems", "allOf", "false"]);

function told(error: OutputUnit, value: unknown, schema: Schema): readonly string[] {
  const { keyword, keywordLocation, instanceLocation } = error;
  if (OUTER.has(keyword)) return [];
  const at = (name?: string) =>
    placeOf(value, [...partsOf(instanceLocation), ...(name === undefined ? [] : [name])]);
  const bound = valueAt(schema, keywordLocation);
  const members = valueAt(value, instanceLocation);
  if (keyword === "required" && isRecord(members))
    return listed(bound).flatMap((name) =>
      Object.hasOwn(members, String(name)) ? [] : text.required(at(String(name))),
    );
  if (keyword === "additionalProperties" && isRecord(members)) {
    if (bound !== false) return [];
    const known = valueAt(schema, keywordLocation.replace(/additionalProperties$/, "properties"));
    return Object.keys(members).flatMap((name) =>
      isRecord(known) && name in known ? [] : text.unknown(at(name)),
    );
  }
  return [TOLD[keyword]?.(at(), boundText(keyword, bound)) ?? text.other(at(), error.error)];
}

function boundText(keyword: string, bound: unknown): string {
  if (keyword === "const") return JSON.stringify(bound);
  if (keyword === "enum")
    return listed(bound)
      .map((choice) => JSON.stringify(choice))
      .join(", ");
  return Array.isArray(bound) ? bound.join(", ") : String(bound);
}

/** How a place in the value is called: `order.items[2]`. */
function placeOf(value: unknown, parts: readonly string[]): string {
  let [within, said] = [value, ""];
  for (const part of parts) {
    if (Array.isArray(within)) said += `[${part}]`;
    else said += said === "" ? part : `.${part}`;
    within = memberOf(within, part);
  }
  return said || text.whole;
}

/** What a pointer of the library's leads to, by way of what is referred to. */
function valueAt(root: unknown, pointer: string): unknown {
  return partsOf(pointer).reduce<unknown>((found, part) => {
    const next = memberOf(found, part);
    return part === "$ref" && typeof next === "string" ? valueAt(root, next) : next;
  }, root);
}

function memberOf(holder: unknown, name: string): unknown {
  return typeof holder === "object" && holder !== null ? (holder as Schema)[name] : undefined;
}

function partsOf(pointer: string): readonly string[] {
  const parts = pointer.split("/").slice(1);
  return parts.map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
