/** What a tenant's runs do, followed live for screens that show many of them: told in batches, not one by one. */
import { useEffect, useRef, useState } from "react";
import { type Connection, follow } from "@/api/stream";

/** Entries after which a list of runs says something else; steps inside of agents do not. */
const KINDS = [
  "submitted",
  "forked",
  "entered",
  "asked",
  "answered",
  "withdrawn",
  "expired",
  "slept",
  "woke",
  "moved",
  "cancel_requested",
  "run_retried",
  "run_lost",
  "run_completed",
  "run_failed",
  "run_cancelled",
  "run_continued",
];

const URL = `/api/v1/events?${KINDS.map((kind) => `kind=${kind}`).join("&")}`;

/** Call `told` with the kinds of what has happened, at most once in `every` milliseconds, and how it stands. */
export function useEvents(told: (kinds: ReadonlySet<string>) => void, every = 1_500): Connection {
  const [connection, setConnection] = useState<Connection>("connecting");
  const latest = useRef(told);
  latest.current = told;
  useEffect(() => {
    const batch = batching((kinds) => latest.current(kinds), every);
    const stop = follow(URL, {
      onEvents: (events) => batch.add(events.map(({ event }) => event).filter((kind) => kind !== "message")),
      onState: setConnection,
    });
    return () => {
      stop();
      batch.stop();
    };
  }, [every]);
  return connection;
}

interface Batching {
  readonly add: (kinds: readonly string[]) => void;
  readonly stop: () => void;
}

/**
 * Collects what comes, and tells it at once where nothing was told for `every` milliseconds, else after them.
 * Once nothing more comes it tells of nothing, one time: a run's state follows its last entry, and has no own.
 */
export function batching(tell: (kinds: ReadonlySet<string>) => void, every: number): Batching {
  let waiting = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = Number.NEGATIVE_INFINITY;
  let echo: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    last = Date.now();
    const kinds = waiting;
    waiting = new Set();
    clearTimeout(echo);
    echo = setTimeout(() => tell(new Set()), 2 * every);
    tell(kinds);
  };
  return {
    add: (kinds) => {
      if (kinds.length === 0) return;
      for (const kind of kinds) waiting.add(kind);
      timer ??= setTimeout(flush, Math.max(50, last + every - Date.now()));
    },
    stop: () => {
      clearTimeout(timer);
      clearTimeout(echo);
    },
  };
}
