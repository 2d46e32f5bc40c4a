/** A run, followed live: its journal, how the connection stands, and the run's own record beside it. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { $api, type Schema } from "@/api/client";
import { type Connection, follow, type StreamEvent } from "@/api/stream";
import { type Entry, RunJournal, type RunView } from "./journal";

export interface Watched {
  readonly view: RunView;
  readonly connection: Connection;
  /** Why the stream was refused, where it was. */
  readonly reason: string | undefined;
}

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
]);

export function useRunQuery(runId: string) {
  return $api.useQuery("get", "/api/v1/runs/{run_id}", { params: { path: { run_id: runId } } });
}

/** Follow a run's journal from its beginning. What was seen is never told twice, also after a cut. */
export function useJournal(runId: string, generation = 0): Watched {
  const queries = useQueryClient();
  const [journal, setJournal] = useState(() => new RunJournal());
  const [connection, setConnection] = useState<Connection>("connecting");
  const [reason, setReason] = useState<string>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a retried run is followed once more
  useEffect(() => {
    const made = new RunJournal();
    setJournal(made);
    const flush = batched(made, () => void queries.invalidateQueries({ queryKey: runKey(runId) }));
    return follow(`/api/v1/runs/${runId}/events`, {
      onEvents: flush,
      onState: (state, why) => {
        setConnection(state);
        setReason(why);
      },
    });
  }, [runId, generation, queries]);
  const view = useSyncExternalStore(journal.subscribe, journal.snapshot);
  return { view, connection, reason };
}

function runKey(runId: string) {
  return ["get", "/api/v1/runs/{run_id}", { params: { path: { run_id: runId } } }];
}

/** Takes events as they arrive and shows them once a frame, so that a thousand a second do not hold up the page. */
function batched(journal: RunJournal, changed: () => void): (events: readonly StreamEvent[]) => void {
  let waiting: StreamEvent[] = [];
  const flush = () => {
    const events = waiting;
    waiting = [];
    const entries: Entry[] = [];
    for (const { event, data } of events) {
      if (event === "delta") {
        const { step, offset, text } = JSON.parse(data) as Schema<"TextDelta">;
        journal.say(step, offset, text);
      } else if (event !== "end" && event !== "message") entries.push(JSON.parse(data) as Entry);
    }
    journal.add(entries);
    if (events.some(({ event }) => event === "end" || TELLING.has(event))) changed();
  };
  return (events) => {
    if (waiting.length === 0) schedule(flush);
    waiting.push(...events);
  };
}

/** Once a frame; a page in the background has none, and is shown what came a few times a second. */
function schedule(work: () => void): void {
  if (document.visibilityState === "visible") requestAnimationFrame(work);
  else setTimeout(work, 250);
}
