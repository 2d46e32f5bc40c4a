/** Reading what agents have answered: JSON of any shape, which is taken as far as it is what is expected. */
import type { Entry } from "@/features/run/journal";

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(text) : [];
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/** What a step called `name` has answered last; undefined where it has not. */
export function answerOf(entries: readonly Entry[], name: string): unknown {
  const step = new RegExp(`^${name}#\\d+$`);
  const found = entries.findLast(({ kind, key }) => kind === "completed" && step.test(key));
  return found === undefined ? undefined : fields(found.payload).value;
}
