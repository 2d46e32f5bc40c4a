import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Connection, delayOf, follow, type StreamEvent } from "./stream";

/** What one connection says before it breaks off (`null`: the request itself fails). */
type Answer = string | null | Response;

function told(seq: number, kind = "emitted"): string {
  return `id: ${seq}\nevent: ${kind}\ndata: {"seq":${seq}}\n\n`;
}

const END = 'event: end\ndata: {"seq":9,"status":"completed"}\n\n';

function bodyOf(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
}

interface Heard {
  readonly events: StreamEvent[];
  readonly states: Connection[];
  readonly asked: (string | null)[];
  readonly stop: () => void;
}

function heardOf(answers: Answer[], size = 1_000, after?: string): Heard {
  const heard = { events: [] as StreamEvent[], states: [] as Connection[], asked: [] as (string | null)[] };
  vi.stubGlobal("fetch", async (_url: string, { headers }: { headers: Record<string, string> }) => {
    heard.asked.push(headers["Last-Event-ID"] ?? null);
    const answer = answers.length > 0 ? (answers.shift() as Answer) : END;
    if (answer === null) throw new TypeError("Failed to fetch");
    return typeof answer === "string" ? new Response(bodyOf(answer, size)) : answer;
  });
  const stop = follow("/events", {
    after,
    onEvents: (events) => heard.events.push(...events),
    onState: (state) => heard.states.push(state),
  });
  return { ...heard, stop };
}

const numbers = ({ events }: Heard) => events.filter(({ id }) => id).map(({ id }) => Number(id));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("delayOf", () => {
  it("doubles up to ten seconds, of which jitter takes at most half", () => {
    expect([0, 1, 2, 3, 4, 5, 20].map((attempt) => delayOf(attempt, () => 1))).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
    ]);
    expect(delayOf(3, () => 0)).toBe(2_000);
  });
});

describe("follow", () => {
  it("tells events in order however they are cut into pieces, and ends with the stream", async () => {
    const heard = heardOf([told(1) + told(2) + told(3) + END], 7);
    await vi.runAllTimersAsync();
    expect(numbers(heard)).toEqual([1, 2, 3]);
    expect(heard.states).toEqual(["connecting", "connected", "ended"]);
    expect(heard.asked).toEqual([null]);
  });

  it("resumes behind the last event after each cut, and forgets half an event", async () => {
    const heard = heardOf([told(1) + told(2), null, `${told(3)}id: 4\nevent: emi`, told(4) + END]);
    await vi.runAllTimersAsync();
    expect(heard.asked).toEqual([null, "2", "2", "3"]);
    expect(numbers(heard)).toEqual([1, 2, 3, 4]);
    expect(heard.states.filter((state) => state === "reconnecting")).toHaveLength(3);
    expect(heard.states.at(-1)).toBe("ended");
  });

  it("does not take an event without an id for a place to resume from", async () => {
    const delta = 'event: delta\ndata: {"step":"a","offset":0,"text":"b"}\n\n';
    const heard = heardOf([told(5) + delta, END]);
    await vi.runAllTimersAsync();
    expect(heard.asked).toEqual([null, "5"]);
  });

  it("begins behind what is known", async () => {
    const heard = heardOf([END], 1_000, "41");
    await vi.runAllTimersAsync();
    expect(heard.asked).toEqual(["41"]);
  });

  it("tries again while the server is busy, and gives up where it refuses", async () => {
    const problem = { code: "forbidden", detail: "It is not yours.", retryable: false };
    const heard = heardOf([
      new Response("busy", { status: 503 }),
      new Response(JSON.stringify(problem), { status: 403 }),
    ]);
    await vi.runAllTimersAsync();
    expect(heard.states).toEqual(["connecting", "reconnecting", "refused"]);
  });

  it("takes a stream anew that has given no sign of life for long", async () => {
    const silent = new Response(
      new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode(told(1))) }),
    );
    const cut = vi.spyOn(AbortController.prototype, "abort");
    const heard = heardOf([silent]);
    await vi.advanceTimersByTimeAsync(39_000);
    expect(cut).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(cut).toHaveBeenCalled();
    heard.stop();
    cut.mockRestore();
  });

  it("tells nothing once it is stopped", async () => {
    const heard = heardOf([told(1), told(2) + END]);
    await vi.advanceTimersByTimeAsync(0);
    heard.stop();
    await vi.runAllTimersAsync();
    expect(numbers(heard)).toEqual([1]);
    expect(heard.states).not.toContain("ended");
  });
});
