import { describe, expect, it, vi } from "vitest";
import { noteOf, signedBy } from "./heads";
import { check, type Evidence } from "./proof";
import vectors from "./vectors.json";

const EVIDENCE = vectors.evidence as Evidence;
const { entry, proof, key } = EVIDENCE;
const { head } = proof;
const other = { ...proof, path: [...proof.path].reverse() };

function failed(results: Readonly<Record<string, string>>): string[] {
  return Object.keys(results).filter((name) => results[name] !== "holds");
}

describe("an entry", () => {
  it("is verified by what the server's own code has signed", async () => {
    const found = await check(EVIDENCE);
    expect(found.state).toBe("verified");
    expect(failed(found.results)).toEqual([]);
  });

  const bent: Record<string, [Partial<Evidence>, string[]]> = {
    "another leaf": [
      { entry: { ...entry, leaf: entry.leaf.replace("pay_refund", "pay_refunds") } },
      ["shown", "leaf", "path"],
    ],
    "a shown actor that the leaf does not have": [{ entry: { ...entry, actor: "person:2" } }, ["shown"]],
    "shown details that the leaf does not have": [
      { entry: { ...entry, details: { ...entry.details, succeeded: false } } },
      ["shown"],
    ],
    "another place": [{ proof: { ...proof, position: 5 } }, ["place", "path"]],
    "another tree": [{ proof: { ...proof, size: 8 } }, ["head"]],
    "another path": [{ proof: other }, ["path"]],
    "another root": [{ proof: { ...proof, root: proof.leaf_hash } }, ["path", "head"]],
    "no head": [{ proof: { ...proof, head: null } }, ["head", "signature"]],
    "another log": [{ tenantId: "other" }, ["shown", "head"]],
    "a hash that is no base64": [
      { proof: { ...proof, root: "*" } },
      ["shown", "leaf", "place", "path", "head", "signature"],
    ],
  };
  it.each(Object.entries(bent))("with %s does not fit", async (_, [change, names]) => {
    const found = await check({ ...EVIDENCE, ...change });
    expect(found.state).toBe("broken");
    expect(failed(found.results)).toEqual(names);
  });

  it("with a head whose signature is of something else does not fit", async () => {
    if (!head) throw new Error("the vectors have a head");
    const note = head.note.replace("123456+00:00", "123457+00:00");
    const at = head.at.replace("123456", "123457");
    const found = await check({ ...EVIDENCE, proof: { ...proof, head: { ...head, note, at } } });
    expect(failed(found.results)).toEqual(["signature"]);
    expect(found.state).toBe("broken");
  });

  it("with a head signed by a key of which the server tells no more is included, and says so", async () => {
    if (!head) throw new Error("the vectors have a head");
    const found = await check({
      ...EVIDENCE,
      proof: { ...proof, head: { ...head, key_id: "0".repeat(32) } },
    });
    expect([found.state, found.signed]).toEqual(["included", "other-key"]);
  });

  it("is included where this browser has no Ed25519, and says so", async () => {
    const refused = vi.spyOn(crypto.subtle, "importKey");
    refused.mockRejectedValue(new DOMException("no such algorithm", "NotSupportedError"));
    const found = await check(EVIDENCE);
    refused.mockRestore();
    expect([found.state, found.signed]).toEqual(["included", "unsupported"]);
  });
});

describe("a note", () => {
  it("is read with what is signed, also where it was pasted with other ends of lines", () => {
    expect(noteOf(head?.note.replaceAll("\n", "\r\n") ?? "")?.tree.size).toBe(7);
    expect(noteOf("no note")).toBeUndefined();
  });

  it("is not signed by a key that is not what its id says", async () => {
    const note = noteOf(head?.note ?? "");
    if (!note) throw new Error("the vectors have a note");
    expect(await signedBy(key, note)).toBe("signed");
    expect(await signedBy({ ...key, key_id: "0".repeat(32) }, note)).toBe("forged");
  });
});
