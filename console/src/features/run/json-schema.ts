/**
 * What is wrong with a value by a JSON Schema, in words: as much of the schema's language as Pydantic writes.
 *
 * The server checks again, and has the last word; what is not known here passes.
 */
import { run } from "@/strings/run";

type Json = Schema | readonly unknown[] | string | number | boolean | null;
export interface Schema {
  readonly [name: string]: unknown;
}

const text = run.schema;
/** Faults that are told at most, and how deep a schema is followed. */
const MOST = 8;
const DEEPEST = 40;

/** What is wrong with `value`, in the order in which it is found; nothing where it fits. */
export function faultsOf(value: unknown, schema: Schema): readonly string[] {
  return look(value as Json, schema, { root: schema, at: "", depth: 0 }).slice(0, MOST);
}

interface Place {
  readonly root: Schema;
  readonly at: string;
  readonly depth: number;
}

function look(value: Json, given: unknown, place: Place): string[] {
  const schema = resolved(given, place.root);
  if (schema === null || place.depth > DEEPEST) return [];
  const misfit = [ofForms, ofType, ofChoices].map((rule) => rule(value, schema, place));
  return misfit.find((faults) => faults.length > 0) ?? within(value, schema, place);
}

type Rule = (value: Json, schema: Schema, place: Place) => string[];

const ofForms: Rule = (value, schema, place) => {
  const forms = alternatives(schema);
  if (forms.length === 0 || forms.some((form) => look(value, form, deeper(place)).length === 0)) return [];
  const only = forms.filter((form) => resolved(form, place.root)?.type !== "null");
  return only.length === 1 ? look(value, only[0], deeper(place)) : [text.none(hereOf(place))];
};

const ofType: Rule = (value, { type }, place) =>
  typeof type !== "string" || isOf(value, type) ? [] : [text.type(hereOf(place), type)];

const ofChoices: Rule = (value, schema, place) => {
  const choices = ("const" in schema ? [schema.const] : list(schema.enum)).map((one) => JSON.stringify(one));
  if (choices.length === 0 || choices.includes(JSON.stringify(value))) return [];
  return [text.choice(hereOf(place), choices.join(", "))];
};

/** What is wrong with a value of the right type. */
const within: Rule = (value, schema, place) => {
  const here = hereOf(place);
  if (typeof value === "number") return bounds(value, schema.minimum, schema.maximum, here);
  if (typeof value === "string")
    return [...lengths(value.length, schema, "Length", here), ...patterned(value, schema, here)];
  if (!Array.isArray(value)) return isRecord(value) ? members(value, schema, place) : [];
  const items = value.flatMap((item, index) =>
    look(item, schema.items, deeper(place, `${place.at}[${index}]`)),
  );
  return [...lengths(value.length, schema, "Items", here), ...items];
};

function hereOf(place: Place): string {
  return place.at || text.whole;
}

function members(value: Schema, schema: Schema, place: Place): string[] {
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const path = (name: string) => (place.at ? `${place.at}.${name}` : name);
  const missing = list(schema.required).filter((name) => !(String(name) in value));
  return [
    ...missing.map((name) => text.required(path(String(name)))),
    ...Object.entries(value).flatMap(([name, member]) => {
      if (name in properties) return look(member as Json, properties[name], deeper(place, path(name)));
      if (schema.additionalProperties === false) return [text.unknown(path(name))];
      return look(member as Json, schema.additionalProperties, deeper(place, path(name)));
    }),
  ];
}

function deeper(place: Place, at = place.at): Place {
  return { ...place, at, depth: place.depth + 1 };
}

function resolved(schema: unknown, root: Schema): Schema | null {
  if (!isRecord(schema)) return null;
  if (typeof schema.$ref !== "string") return schema;
  let found: unknown = root;
  for (const part of schema.$ref.replace(/^#\/?/, "").split("/"))
    found = isRecord(found) ? found[part.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  return isRecord(found) ? found : null;
}

function alternatives(schema: Schema): readonly unknown[] {
  const any = list(schema.anyOf);
  return any.length > 0 ? any : list(schema.oneOf);
}

function isOf(value: Json, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isRecord(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function bounds(value: number, least: unknown, most: unknown, here: string): string[] {
  if (typeof least === "number" && value < least) return [text.least(here, least)];
  return typeof most === "number" && value > most ? [text.most(here, most)] : [];
}

function lengths(length: number, schema: Schema, of: "Length" | "Items", here: string): string[] {
  const [least, most] = [schema[`min${of}`], schema[`max${of}`]];
  if (typeof least === "number" && length < least) return [text.shortest(here, least)];
  return typeof most === "number" && length > most ? [text.longest(here, most)] : [];
}

function patterned(value: string, { pattern }: Schema, here: string): string[] {
  if (typeof pattern !== "string") return [];
  try {
    return new RegExp(pattern, "u").test(value) ? [] : [text.pattern(here, pattern)];
  } catch {
    return []; // a pattern of another language: the server knows it
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
