/** Server-sent events over fetch: resumed behind the last event that was seen, however the connection ends. */
import { createParser } from "eventsource-parser";
import { signIn } from "./client";
import { problemOf } from "./problem";

export type Connection = "connecting" | "connected" | "reconnecting" | "ended" | "refused";

type Outcome = "again" | "over" | "refused";

export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

export interface Following {
  /** Begin behind this event id; the ids are the stream's own. */
  readonly after?: string | undefined;
  /** Events in order, as many as have arrived together; none is told twice. */
  readonly onEvents: (events: readonly StreamEvent[]) => void;
  readonly onState: (state: Connection, reason?: string) => void;
}

/** Milliseconds without any sign of life (the server gives one each 15 s) after which a stream is taken anew. */
const SILENCE = 40_000;
const SHORTEST = 500;
const LONGEST = 10_000;

/** Milliseconds until the n-th attempt in a row: doubling, with jitter, so that viewers do not come all at once. */
export function delayOf(attempt: number, random: () => number = Math.random): number {
  const most = Math.min(LONGEST, SHORTEST * 2 ** attempt);
  return most / 2 + (random() * most) / 2;
}

/** Follow a stream until it says `end` or the returned function is called. */
export function follow(url: string, { after, onEvents, onState }: Following): () => void {
  const stopped = new AbortController();
  let last = after;
  let attempt = 0;

  /** One connection: from the request to its end, however it comes about. */
  async function connect(): Promise<Outcome> {
    const own = new AbortController();
    const abort = () => own.abort();
    const watch = silenceWatch(abort);
    stopped.signal.addEventListener("abort", abort, { once: true });
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (last !== undefined) headers["Last-Event-ID"] = last;
      const response = await fetch(url, { headers, signal: own.signal, cache: "no-store" });
      if (!response.ok || response.body === null) return await refused(response);
      onState("connected");
      return await read(response.body, watch.heard);
    } finally {
      watch.end();
      stopped.signal.removeEventListener("abort", abort);
      abort();
    }
  }

  async function read(body: ReadableStream<BufferSource>, heard: () => void): Promise<Outcome> {
    let arrived: StreamEvent[] = [];
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        if (id !== undefined) last = id;
        arrived.push({ id, event: event ?? "message", data });
      },
    });
    const pieces = body.pipeThrough(new TextDecoderStream()).getReader(); // not every browser iterates over it
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
      heard();
      parser.feed(piece.value);
      const events = arrived;
      if (events.length === 0) continue;
      arrived = [];
      attempt = 0;
      if (!stopped.signal.aborted) onEvents(events);
      if (events.some(({ event }) => event === "end")) return "over";
    }
    return "again";
  }

  async function refused(response: Response): Promise<Outcome> {
    const problem = await problemOf(response);
    if (problem.retryable || response.status >= 500 || response.status === 429) return "again";
    if (response.status === 401) signIn();
    onState("refused", problem.detail);
    return "refused";
  }

  async function go(): Promise<void> {
    onState("connecting");
    while (!stopped.signal.aborted) {
      const end = await connect().catch(() => "again" as const);
      if (stopped.signal.aborted) return;
      if (end === "over") onState("ended");
      if (end !== "again") return;
      onState("reconnecting");
      await pause(delayOf(attempt++), stopped.signal);
    }
  }

  void go();
  return () => stopped.abort();
}

/** Calls `silent` where nothing was heard for long: a connection that died without a word. */
function silenceWatch(silent: () => void): { heard: () => void; end: () => void } {
  let timer = setTimeout(silent, SILENCE);
  const end = () => clearTimeout(timer);
  const heard = () => {
    end();
    timer = setTimeout(silent, SILENCE);
  };
  return { heard, end };
}

/** Wait, but no longer than until the network is said to be back. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}
