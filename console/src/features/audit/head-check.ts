/** Checks heads of a log: their signatures, and that the log goes on from them. */
import { client, type Schema } from "@/api/client";
import { fitsItsNote, type Note, noteOf, signedBy } from "./heads";
import { consistent, fromBase64, isSame } from "./merkle";

export type HeadState =
  | "goesOn"
  | "isNewest"
  | "forked"
  | "forged"
  | "otherKey"
  | "unsupported"
  | "ahead"
  | "foreign";

interface Around {
  readonly newest: Schema<"Head">;
  readonly key: Schema<"PublicKey">;
  readonly tenantId: string;
}

/** Whether a head that the server lists is signed, and whether the newest one goes on from it. */
export async function checkHead(head: Schema<"Head">, around: Around): Promise<HeadState> {
  const note = noteOf(head.note);
  if (!note || !fitsItsNote(head, note, around.tenantId)) return "forged";
  return checkNote(note, around, head.key_id);
}

/** The same of a note that somebody has kept: no word of the server's is taken for what stands in it. */
export async function checkNote(note: Note, around: Around, keyId?: string): Promise<HeadState> {
  const { newest, key, tenantId } = around;
  if (note.origin !== `pilothouse/${tenantId}`) return "foreign";
  const latest = noteOf(newest.note);
  if (!latest || !fitsItsNote(newest, latest, tenantId)) return "forged";
  if ((await signedBy(key, latest, newest.key_id)) === "forged") return "forged";
  if (note.tree.size > newest.size) return "ahead";
  if (!(await goesOn(note, latest))) return "forked";
  const signed = await signedBy(key, note, keyId);
  if (signed === "other-key") return "otherKey";
  if (signed !== "signed") return signed;
  return note.tree.size === newest.size ? "isNewest" : "goesOn";
}

/** Whether the tree of the later head begins with that of the earlier one; both roots are those of the heads. */
async function goesOn(earlier: Note, later: Note): Promise<boolean> {
  const { size, root } = earlier.tree;
  if (size === later.tree.size) return isSame(root, later.tree.root);
  const query = { first: size, second: later.tree.size };
  const { data } = await client.GET("/api/v1/audit/consistency", { params: { query } });
  return data !== undefined && consistent(earlier.tree, later.tree, data.path.map(fromBase64));
}
