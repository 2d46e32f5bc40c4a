/** What can be killed and how it is named: in words, to the API, and as the word that is typed to confirm it. */
import type { Schema } from "@/api/client";
import { switches as text } from "@/strings/switches";

export type Kind = Schema<"Killable">;
export type Kill = Schema<"Kill">;

export interface Wanted {
  readonly kind: Kind;
  readonly name: string;
  /** Null for one's own tenant, `*` for all. */
  readonly tenant: "*" | null;
  readonly why: string;
  readonly until: keyof typeof text.untils;
}

export const NOTHING: Wanted = { kind: "workflow", name: "", tenant: null, why: "", until: "never" };

/** Whether it is called by a name; everything, and the own tenant, are not. */
export function isNamed(kind: Kind): kind is keyof typeof text.name {
  return kind in text.name;
}

/** Whether enough is said; the server looks at it anew. */
export function isWhole({ kind, name, why }: Wanted): boolean {
  return why.trim() !== "" && (!isNamed(kind) || name.trim() !== "");
}

/** What somebody types to confirm: the name, or that of the tenant, or "everything". */
export function wordOf({ kind, name }: Pick<Wanted, "kind" | "name">, tenant: string): string {
  if (kind === "everything") return text.word.everything;
  return kind === "tenant" ? tenant : name.trim();
}

/** What is killed, in words: the workflow support. */
export function whatText({ kind, name }: { readonly kind: Kind; readonly name: string }): string {
  const said = text.kinds[kind];
  return isNamed(kind) ? `${said} ${name}` : said;
}

/** What the API takes; `now` in milliseconds. */
export function newKill(wanted: Wanted, now: number): Schema<"NewKill"> {
  const { kind, name, tenant, why, until } = wanted;
  const minutes = Number(until);
  return {
    kind,
    name: isNamed(kind) ? name.trim() : "",
    why: why.trim(),
    ...(tenant !== null && isNamed(kind) && { tenant }),
    ...(Number.isFinite(minutes) && { until: new Date(now + minutes * 60_000).toISOString() }),
  };
}
