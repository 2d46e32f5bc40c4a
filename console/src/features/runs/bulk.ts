/** What is done to many runs: counted first, then batch by batch until all are through or somebody stops it. */
import { client, type Schema } from "@/api/client";
import type { Body, Status } from "./filters";
import type { Run } from "./use-runs";

export type Action = "cancel" | "retry";

/** The runs that are meant: some that were selected, or all that fit. */
export type Target =
  | { readonly kind: "selected"; readonly runs: readonly Run[] }
  | { readonly kind: "matching"; readonly filter: Body };

export interface Counted {
  readonly runs: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
}

export interface Progress {
  readonly done: number;
  readonly refused: readonly Schema<"Refusal">[];
}

const ALLOWED: Readonly<Record<Action, readonly Status[]>> = {
  cancel: ["queued", "running", "waiting"],
  retry: ["failed"],
};

/** Batches that are counted through at most, of 200 runs each. */
const COUNTED = 10;

/** The selected runs that are in a state for it. */
export function possible(action: Action, runs: readonly Run[]): readonly Run[] {
  return runs.filter(({ status }) => ALLOWED[action].includes(status));
}

/** How many runs something would be done to. */
export async function count(action: Action, target: Target): Promise<Counted> {
  if (target.kind === "selected") return { runs: possible(action, target.runs).length, more: false };
  let runs = 0;
  let cursor: string | undefined;
  for (let batch = 0; batch < COUNTED; batch++) {
    const found = await order(action, target.filter, { dryRun: true, cursor });
    runs += found.matched;
    cursor = found.next_cursor ?? undefined;
    if (cursor === undefined) return { runs, more: false };
  }
  return { runs, more: true };
}

/** Do it. `told` hears how far it is and says whether to go on. */
export async function perform(
  action: Action,
  target: Target,
  told: (progress: Progress) => boolean,
): Promise<void> {
  if (target.kind === "selected") return performOn(possible(action, target.runs), action, told);
  let done = 0;
  const refused: Schema<"Refusal">[] = [];
  let cursor: string | undefined;
  do {
    const result = await order(action, target.filter, { dryRun: false, cursor });
    done += result.done;
    refused.push(...result.refused);
    cursor = result.next_cursor ?? undefined;
  } while (told({ done, refused }) && cursor !== undefined);
}

/** Each selected run is ordered by its whole id, so that a refusal says which it was. */
async function performOn(
  runs: readonly Run[],
  action: Action,
  told: (progress: Progress) => boolean,
): Promise<void> {
  let done = 0;
  const refused: Schema<"Refusal">[] = [];
  for (const run of runs) {
    const result = await order(action, { id_prefix: run.id }, { dryRun: false, cursor: undefined });
    done += result.done;
    refused.push(...result.refused);
    if (!told({ done, refused })) return;
  }
}

interface How {
  readonly dryRun: boolean;
  readonly cursor: string | undefined;
}

async function order(action: Action, filter: Body, { dryRun, cursor }: How): Promise<Schema<"BulkResult">> {
  const body = {
    filter,
    all: Object.keys(filter).length === 0,
    dry_run: dryRun,
    limit: 200,
    ...(cursor !== undefined && { cursor }),
  };
  const path = action === "cancel" ? "/api/v1/runs/cancel" : "/api/v1/runs/retry";
  const { data } = await client.POST(path, { body });
  if (data === undefined) throw new TypeError("the answer is empty");
  return data;
}
