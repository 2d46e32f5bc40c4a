/** What the page asks the server for: the customer's own few operations, by the cookie of a chat. */
import { ApiError, problemOf, Unreachable } from "@/api/problem";
import type { components } from "@/api/schema.gen";

type Schemas = components["schemas"];
export type Session = Schemas["ChatSession"];
export type Conversation = Schemas["ChatConversation"];
export type Message = Schemas["ChatMessage"];
export type Summary = Schemas["ChatConversationSummary"];

const BASE = "/api/v1/chat";

let csrf = "";

async function ask<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key !== undefined) headers["Idempotency-Key"] = key;
  const sent = body === undefined ? null : JSON.stringify(body);
  const response = await fetch(`${BASE}${path}`, { method, headers, body: sent }).catch((error: unknown) => {
    throw new Unreachable(String(error));
  });
  if (!response.ok) throw new ApiError(await problemOf(response));
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

function known(session: Session): Session {
  csrf = session.csrf_token;
  return session;
}

/** Come in by a link's token, once. */
export const enter = async (token: string) => known(await ask<Session>("POST", "/session", { token }));

/** The session of this browser; null where it has none. */
export async function session(): Promise<Session | null> {
  try {
    return known(await ask<Session>("GET", "/session"));
  } catch (error) {
    if (error instanceof ApiError && error.problem.status === 401) return null;
    throw error;
  }
}

export const leave = () => ask<void>("DELETE", "/session");

export const list = async () => (await ask<Schemas["ChatConversations"]>("GET", "/conversations")).items;

export const show = (id: string) => ask<Conversation>("GET", `/conversations/${id}`);

export const start = (text: string, key: string) =>
  ask<Conversation>("POST", "/conversations", { text }, key);

export const reply = (id: string, to: string, text: string) =>
  ask<Conversation>("POST", `/conversations/${id}/messages`, { to, text });

export type Connection = "connecting" | "connected" | "reconnecting";

/** Milliseconds without a sign of life (the server gives one each 10 s) after which a stream is taken anew. */
const SILENCE = 40_000;
const AGAIN = 2_000;

/** Follow a conversation until it ends or the returned function is called. Each event has the whole of it. */
export function follow(
  id: string,
  onPicture: (picture: Conversation) => void,
  onState: (state: Connection) => void,
): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function later(milliseconds: number): void {
    clearTimeout(timer);
    timer = setTimeout(open, milliseconds);
  }

  function heard(): void {
    onState("connected");
    later(SILENCE);
  }

  function open(): void {
    if (stopped) return;
    source?.close();
    const opened = new EventSource(`${BASE}/conversations/${id}/events`);
    source = opened;
    opened.onopen = heard;
    opened.addEventListener("alive", heard);
    opened.addEventListener("conversation", (event) => {
      heard();
      onPicture(JSON.parse(event.data) as Conversation);
    });
    opened.addEventListener("end", stop);
    opened.onerror = () => {
      onState("reconnecting");
      if (opened.readyState === EventSource.CLOSED) later(AGAIN);
    };
  }

  function stop(): void {
    stopped = true;
    clearTimeout(timer);
    source?.close();
  }

  onState("connecting");
  open();
  return stop;
}
