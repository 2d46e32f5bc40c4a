/** One conversation, from its first message on: what was said, what is being sent, and what went wrong. */
import { useCallback, useEffect, useState } from "react";
import { ApiError, Unreachable } from "@/api/problem";
import { chat as text } from "@/strings/chat";
import * as api from "./api";

/** A message on its way. It is sent again as the same one: it answers the same, or has the same key. */
export interface Pending {
  readonly text: string;
  /** What it answers; null where it begins a conversation. */
  readonly to: string | null;
  readonly key: string;
  readonly error: string | undefined;
}

export interface Talk {
  readonly conversation: api.Conversation | undefined;
  readonly connection: api.Connection;
  readonly pending: Pending | undefined;
  readonly send: (said: string) => void;
  readonly retry: () => void;
}

/** Of two pictures the later one, whichever way they came. */
export function later(known: api.Conversation | undefined, arrived: api.Conversation): api.Conversation {
  return known !== undefined && known.id === arrived.id && known.seq > arrived.seq ? known : arrived;
}

/** Whether a message has arrived, by what the server shows. */
export function hasArrived(pending: Pending, conversation: api.Conversation | undefined): boolean {
  return conversation?.messages.some(({ to }) => to !== null && to === pending.to) ?? false;
}

export function problemText(error: unknown): string {
  if (error instanceof Unreachable) return text.unreachable;
  return error instanceof ApiError ? error.problem.detail : String(error);
}

export function useConversation(id: string | undefined, onBegun: (id: string) => void): Talk {
  const [conversation, setConversation] = useState<api.Conversation>();
  const [connection, setConnection] = useState<api.Connection>("connected");
  const [pending, setPending] = useState<Pending>();
  const take = useCallback(
    (arrived: api.Conversation) => setConversation((known) => later(known, arrived)),
    [],
  );

  useEffect(() => {
    setConversation((known) => (known?.id === id ? known : undefined));
    if (id === undefined) return setConnection("connected");
    return api.follow(id, take, setConnection);
  }, [id, take]);

  useEffect(() => {
    setPending((waiting) => (waiting && hasArrived(waiting, conversation) ? undefined : waiting));
  }, [conversation]);

  async function deliver(message: Pending): Promise<void> {
    setPending({ ...message, error: undefined });
    try {
      const shown =
        message.to === null || id === undefined
          ? await api.start(message.text, message.key)
          : await api.reply(id, message.to, message.text);
      setPending(undefined);
      take(shown);
      onBegun(shown.id);
    } catch (error) {
      setPending((waiting) => waiting && { ...waiting, error: problemText(error) });
    }
  }

  return {
    conversation,
    connection,
    pending,
    send: (said) => {
      const to = conversation?.waits_for ?? null;
      void deliver({ text: said, to, key: crypto.randomUUID(), error: undefined });
    },
    retry: () => {
      if (pending) void deliver(pending);
    },
  };
}
