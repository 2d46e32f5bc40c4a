/** A run, followed live: its journal, how the connection stands, and the run's own record beside it. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { $api, client, type Schema } from "@/api/client";
import { type Connection, follow, type StreamEvent } from "@/api/stream";
import { batched, throttled } from "./batching";
import { type Entry, type Piece, RunJournal, type RunView, type Status } from "./journal";

export interface Watched {
  readonly view: RunView;
  readonly connection: Connection;
  /** Why the stream was refused, where it was. */
  readonly reason: string | undefined;
}

type Run = Schema<"Run">;

/** Entries after which the run's own record says something else. */
const TELLING = new Set([
  "asked",
  "answered",
  "withdrawn",
  "expired",
  "saved",
  "cancel_requested",
  "run_retried",
  "run_completed",
  "run_failed",
  "run_cancelled",
  "run_continued",
  "moved",
  "end",
]);
/** Milliseconds between two looks at the record, at least, however much happens. */
const OFTEN = 250;
/** Milliseconds after which the record of a run that goes on is looked at all the same. */
const SELDOM = 2_000;

export function isFinal(status: Status): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** The run's record: asked for anew when its journal says something, and now and then while it goes on. */
export function useRunQuery(runId: string) {
  return $api.useQuery("get", "/api/v1/runs/{run_id}", pathOf(runId), {
    refetchInterval: ({ state }) => (state.data && isFinal(state.data.status) ? false : SELDOM),
  });
}

/** What the status is by whichever knows more: the record, or the journal where it has gone further. */
export function statusOf(run: Run, view: RunView): Status {
  const ahead = view.lastSeq > run.seq ? view.status : null;
  return ahead !== null && (isFinal(ahead) || isFinal(run.status)) ? ahead : run.status;
}

/** Follow a run's journal from its beginning. What was seen is never told twice, also after a cut. */
export function useJournal(runId: string, recordSeq: number | undefined): Watched {
  const queries = useQueryClient();
  const [journal] = useState(() => new RunJournal());
  const [connection, setConnection] = useState<Connection>("connecting");
  const [reason, setReason] = useState<string>();
  const [generation, setGeneration] = useState(0);
  const view = useSyncExternalStore(journal.subscribe, journal.snapshot);
  const reread = useCallback(
    () => void queries.invalidateQueries({ queryKey: recordKey(runId) }),
    [queries, runId],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run that goes on after its end is followed anew
  useEffect(() => {
    const changed = throttled(reread, OFTEN);
    const { lastSeq } = journal.snapshot();
    return follow(`/api/v1/runs/${runId}/events`, {
      after: lastSeq > 0 ? String(lastSeq) : undefined,
      onEvents: batched((events) => {
        take(journal, runId, events);
        if (events.some(({ event }) => TELLING.has(event))) changed();
      }),
      onState: (state, why) => {
        setConnection(state);
        setReason(why);
        if (state === "connected") changed();
      },
    });
  }, [runId, generation, journal, reread]);
  const hasMore = connection === "ended" && recordSeq !== undefined && recordSeq > view.lastSeq;
  useEffect(() => {
    if (hasMore) setGeneration((before) => before + 1);
  }, [hasMore]);
  return { view, connection, reason };
}

function pathOf(runId: string) {
  return { params: { path: { run_id: runId } } };
}

/** The key of a run's record among what was asked for. */
export function recordKey(runId: string) {
  return ["get", "/api/v1/runs/{run_id}", pathOf(runId)];
}

/** Put what the stream told into the journal. */
export function take(journal: RunJournal, runId: string, events: readonly StreamEvent[]): void {
  const entries: Entry[] = [];
  const pieces: Piece[] = [];
  for (const { event, data } of events) {
    if (event === "delta") pieces.push(JSON.parse(data) as Piece);
    else if (event !== "end" && event !== "message") entries.push(JSON.parse(data) as Entry);
  }
  journal.add(entries, pieces);
  const first = entries.find(({ kind, encoding }) => kind === "emitted" && encoding === "reference");
  if (first) fetched(journal, runId, first.seq - 1).catch(() => undefined); // the journal shows them as they are
}

/** Cards that are too large for the stream are fetched one by one; where that fails, the journal says so itself. */
async function fetched(journal: RunJournal, runId: string, before: number): Promise<void> {
  const path = { run_id: runId };
  for (let after: number | null = before; after !== null; ) {
    const query: { after: number; limit: number } = { after, limit: 50 };
    const { data } = await client.GET("/api/v1/runs/{run_id}/cards", { params: { path, query } });
    const known = new Map(data?.items.map((item) => [item.seq, item.card]));
    const lacking = journal.snapshot().entries.filter(({ seq }) => known.has(seq));
    journal.amend(
      lacking.map(
        (entry) => ({ ...entry, encoding: "json", payload: { card: known.get(entry.seq) } }) as Entry,
      ),
    );
    after = data?.next_after ?? null;
  }
}
