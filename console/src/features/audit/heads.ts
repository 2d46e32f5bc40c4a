/** Signed tree heads: what exactly is signed, and whether the holder of a key has signed it (C2SP checkpoint). */
import type { Schema } from "@/api/client";
import { type Bytes, fromBase64, isSame, sha256, type Tree, toHex } from "./merkle";

/** Signed as is said; signed by another key or otherwise; or this browser cannot tell. */
export type Signed = "signed" | "forged" | "other-key" | "unsupported";

export interface Note {
  /** What is signed, each line with its end. */
  readonly body: string;
  /** The name of the log: pilothouse/TENANT. */
  readonly origin: string;
  readonly tree: Tree;
  readonly at: string;
  readonly signature: Bytes;
}

/** Bytes before a signature in a note, by which its key is recognised. */
const MARK = 4;

/** A tree head as it is published; undefined where the text is none. */
export function noteOf(text: string): Note | undefined {
  const lines = text.replace(/\r\n/g, "\n").trim().split("\n");
  const [origin, size, root, at, empty, signed] = lines;
  if (lines.length !== 6 || !origin || !size || !root || !at || empty !== "" || !signed) return undefined;
  const [dash, , encoded] = signed.split(" ");
  if (dash !== "\u2014" || !encoded || !/^\d{1,15}$/.test(size)) return undefined;
  try {
    const tree = { size: Number(size), root: fromBase64(root) };
    const signature = fromBase64(encoded).slice(MARK);
    return { body: `${[origin, size, root, at].join("\n")}\n`, origin, tree, at, signature };
  } catch {
    return undefined;
  }
}

/** Whether a head says the same as its own note, and both are of a tenant's log. */
export function fitsItsNote(head: Schema<"Head">, note: Note, tenantId: string): boolean {
  return (
    note.origin === `pilothouse/${tenantId}` &&
    note.tree.size === head.size &&
    isSame(note.tree.root, fromBase64(head.root)) &&
    isSame(note.signature, fromBase64(head.signature)) &&
    Date.parse(note.at) === Date.parse(head.at)
  );
}

/** The bytes of a public key in PEM (SubjectPublicKeyInfo). */
function derOf(pem: string): Bytes {
  return fromBase64(pem.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, ""));
}

/** Bytes of an Ed25519 key, which stand at the end of its SubjectPublicKeyInfo. */
const KEY_BYTES = 32;

/** Whether a key is what its id says: half of its SHA-256. */
export async function isKeyOfItsId({ key_id, pem }: Schema<"PublicKey">): Promise<boolean> {
  return toHex(await sha256(derOf(pem).slice(-KEY_BYTES))).startsWith(key_id) && key_id.length === 32;
}

/** Whether the holder of the key has signed what a note says; `keyId` is that which the head names. */
export async function signedBy(key: Schema<"PublicKey">, note: Note, keyId?: string): Promise<Signed> {
  if (keyId !== undefined && keyId !== key.key_id) return "other-key";
  if (!(await isKeyOfItsId(key))) return "forged";
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey("spki", derOf(key.pem), { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    const { name } = error as Error;
    return name === "NotSupportedError" ? "unsupported" : "forged";
  }
  const said = new TextEncoder().encode(note.body);
  return (await crypto.subtle.verify("Ed25519", imported, note.signature, said)) ? "signed" : "forged";
}
