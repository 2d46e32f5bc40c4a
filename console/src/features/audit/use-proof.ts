/** One entry with its proof, and what this browser finds when it checks both. */
import { useQuery } from "@tanstack/react-query";
import { $api, type Schema } from "@/api/client";
import { ApiError } from "@/api/problem";
import { useMe } from "@/app/session";
import { check, type Verdict } from "./proof";

export type ProofState = "verifying" | "waiting" | "unknown" | Verdict["state"];

export interface Proved {
  readonly state: ProofState;
  readonly verdict: Verdict | undefined;
  readonly head: Schema<"Head"> | null | undefined;
  /** Why there is no proof: what the server said. */
  readonly error: unknown;
  readonly again: () => void;
}

/** Milliseconds between two looks at whether an entry has its place. */
const PAUSE = 1_000;
const MOST_LOOKS = 10;

const NOT_YET = new Set(["audit_not_yet_placed", "audit_no_such_tree"]);

function codeOf(error: unknown): string | undefined {
  return error instanceof ApiError ? error.problem.code : undefined;
}

export function useEntry(entryId: string) {
  const init = { params: { path: { entry_id: entryId } } };
  return $api.useQuery("get", "/api/v1/audit/entries/{entry_id}", init, {
    refetchInterval: ({ state }) => (state.data?.position === null ? PAUSE : false),
  });
}

/** Check an entry that was fetched. */
export function useProof(entry: Schema<"Entry">): Proved {
  const tenantId = useMe()?.tenant_id;
  const key = $api.useQuery("get", "/api/v1/audit/key");
  const proof = $api.useQuery(
    "get",
    "/api/v1/audit/entries/{entry_id}/proof",
    { params: { path: { entry_id: entry.id } } },
    {
      enabled: entry.position !== null,
      retry: (failures, error) => NOT_YET.has(codeOf(error) ?? "") && failures < MOST_LOOKS,
      retryDelay: PAUSE,
      refetchOnWindowFocus: false,
    },
  );
  const verdict = useQuery({
    queryKey: ["audit-verdict", entry, proof.data, key.data, tenantId],
    queryFn: () => checkedOf(entry, proof.data, key.data, tenantId),
    enabled: proof.data !== undefined && key.data !== undefined && tenantId !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const error = proof.error ?? key.error ?? verdict.error;
  const again = () => {
    void proof.refetch();
    void key.refetch();
  };
  const code = codeOf(proof.failureReason);
  const state = stateOf(entry, code, error, verdict.data);
  return { state, verdict: verdict.data, head: proof.data?.head, error, again };
}

async function checkedOf(
  entry: Schema<"Entry">,
  proof: Schema<"InclusionProof"> | undefined,
  key: Schema<"PublicKey"> | undefined,
  tenantId: string | undefined,
): Promise<Verdict | undefined> {
  return proof && key && tenantId ? check({ entry, proof, key, tenantId }) : undefined;
}

function stateOf(
  entry: Schema<"Entry">,
  code: string | undefined,
  error: unknown,
  verdict: Verdict | undefined,
): ProofState {
  if (verdict) return verdict.state;
  if (code === "audit_log_damaged") return "broken";
  if (entry.position === null || (code !== undefined && NOT_YET.has(code))) return "waiting";
  return error ? "unknown" : "verifying";
}
