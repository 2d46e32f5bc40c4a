/** Checks one entry of the audit log in this browser: each claim of the server's is computed anew, or named as unchecked. */
import type { Schema } from "@/api/client";
import { fitsItsNote, noteOf, type Signed, signedBy } from "./heads";
import { fromBase64, includes, isSame, leafHash, toHex } from "./merkle";

/** What is checked, in this order. */
export const CHECKS = ["shown", "leaf", "place", "path", "head", "signature"] as const;
export type Check = (typeof CHECKS)[number];

/** `unchecked`: it could not be told here, which is said. */
export type Result = "holds" | "fails" | "unchecked";

export interface Verdict {
  /** `verified`: all holds; `included`: all but the signature, which could not be checked. */
  readonly state: "verified" | "included" | "broken";
  readonly results: Readonly<Record<Check, Result>>;
  /** The hash of the leaf's bytes, in hexadecimal, as it was computed here. */
  readonly leaf: string;
  readonly signed: Signed;
}

export interface Evidence {
  readonly entry: Schema<"Entry">;
  readonly proof: Schema<"InclusionProof">;
  readonly key: Schema<"PublicKey">;
  /** Whose log it is. */
  readonly tenantId: string;
}

/** Check an entry against its proof. Evidence that cannot be read does not fit. */
export async function check(evidence: Evidence): Promise<Verdict> {
  try {
    return await checked(evidence);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const results = Object.fromEntries(CHECKS.map((one) => [one, "fails"])) as Record<Check, Result>;
    return { state: "broken", results, leaf: "", signed: "forged" };
  }
}

async function checked({ entry, proof, key, tenantId }: Evidence): Promise<Verdict> {
  const leaf = await leafHash(new TextEncoder().encode(entry.leaf));
  const root = fromBase64(proof.root);
  const inclusion = { index: proof.position, size: proof.size, path: proof.path.map(fromBase64) };
  const { head } = proof;
  const note = head ? noteOf(head.note) : undefined;
  const fits =
    head !== null &&
    note !== undefined &&
    fitsItsNote(head, note, tenantId) &&
    note.tree.size === proof.size &&
    isSame(note.tree.root, root);
  const signed = head && note ? await signedBy(key, note, head.key_id) : "forged";
  const results: Record<Check, Result> = {
    shown: told(says(entry, tenantId)),
    leaf: told(isSame(leaf, fromBase64(proof.leaf_hash))),
    place: told(entry.position === proof.position && entry.id === proof.id),
    path: told(await includes(root, leaf, inclusion)),
    head: told(fits),
    signature: signed === "signed" ? "holds" : signed === "forged" ? "fails" : "unchecked",
  };
  return { state: stateOf(results), results, leaf: toHex(leaf), signed };
}

const told = (holds: boolean): Result => (holds ? "holds" : "fails");

function stateOf(results: Record<Check, Result>): Verdict["state"] {
  const all = Object.values(results);
  if (all.includes("fails")) return "broken";
  return all.includes("unchecked") ? "included" : "verified";
}

/** Whether the bytes that are hashed say what is shown: nothing else may stand on the screen. */
function says(entry: Schema<"Entry">, tenantId: string): boolean {
  const said = JSON.parse(entry.leaf) as Record<string, unknown>;
  const shown: Record<string, unknown> = {
    id: entry.id,
    kind: entry.kind,
    actor: entry.actor,
    subject: entry.subject,
    run_id: entry.run_id,
    step: entry.step,
    append: entry.append,
    tenant_id: tenantId,
  };
  return (
    Object.entries(shown).every(([name, value]) => said[name] === value) &&
    isSameMoment(said.at, entry.at) &&
    ordered(said.details) === ordered(entry.details)
  );
}

function isSameMoment(one: unknown, other: string): boolean {
  return typeof one === "string" && Date.parse(one) === Date.parse(other);
}

/** JSON with the members of objects in order, so that two values can be compared. */
function ordered(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
