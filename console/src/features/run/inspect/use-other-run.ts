/** A run that another one is compared with, and its journal as far as it is compared. */
import { useQuery } from "@tanstack/react-query";
import { $api, client } from "@/api/client";
import { type Entry, RunJournal, type RunView } from "../journal";

const PAGE = 1000;
/** Pages of the journal that are read. */
const PAGES = 10;

export interface Read {
  readonly view: RunView;
  readonly isWhole: boolean;
}

export function useOtherRun(runId: string) {
  const run = $api.useQuery("get", "/api/v1/runs/{run_id}", { params: { path: { run_id: runId } } });
  const journal = useQuery({
    queryKey: ["journal to compare", runId, run.data?.seq],
    queryFn: () => readJournal(runId),
    enabled: run.data !== undefined,
    structuralSharing: false,
  });
  return { run, journal };
}

async function readJournal(runId: string): Promise<Read> {
  const journal = new RunJournal();
  let after: number | null = 0;
  for (let page = 0; page < PAGES && after !== null; page += 1) {
    const query: { after: number; limit: number } = { after, limit: PAGE };
    const { data } = await client.GET("/api/v1/runs/{run_id}/journal", {
      params: { path: { run_id: runId }, query },
    });
    journal.add((data?.items ?? []) as Entry[]);
    after = data?.next_after ?? null;
  }
  return { view: journal.snapshot(), isWhole: after === null };
}
