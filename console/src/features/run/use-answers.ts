/**
 * Answers to the open questions of a run: what is typed, what is sent, and what became of questions meanwhile.
 *
 * What was typed is kept until its answer has arrived, whatever happens to the network or to other questions.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { recordKey } from "./use-run";

export type Question = Schema<"Question">;

export interface Answers {
  /** Open questions that are answered in words, in the order in which they were asked. */
  readonly plain: readonly Question[];
  /** Open questions about an action, which is approved or refused. */
  readonly approvals: readonly Question[];
  readonly isMine: (question: Question) => boolean;
  readonly draftOf: (question: Question) => string;
  readonly type: (question: Question, value: string) => void;
  /** Those that would be sent now. */
  readonly filled: readonly Question[];
  readonly send: () => void;
  readonly isSending: boolean;
  /** Why an answer to a question that is still open has not arrived. */
  readonly error: unknown;
  /** Whether all that was open while one looked on is answered. */
  readonly isResumed: boolean;
  /** Questions that closed, though not by what was sent from here. */
  readonly gone: readonly Question[];
  readonly dismiss: (question: Question) => void;
  /** A question was decided in place. */
  readonly done: (question: Question) => void;
}

type Drafts = Readonly<Record<string, string>>;
type Failures = ReadonlyMap<string, unknown>;

export function useAnswers(run: Schema<"Run">): Answers {
  const queries = useQueryClient();
  const [drafts, setDrafts] = useState<Drafts>({});
  const [failures, setFailures] = useState<Failures>(new Map());
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [isSending, setSending] = useState(false);
  const open = run.questions.filter(({ id, status }) => status === "open" && !closed.has(id));
  const isMine = useMine(run.id, open);
  const { isResumed, gone, dismiss } = useClosing(open, closed, run.status);
  const plain = open.filter(({ kind }) => kind !== "approval");
  const draftOf = (question: Question) => drafts[question.id] ?? question.default ?? "";
  const filled = plain.filter((question) => isMine(question) && draftOf(question).trim() !== "");
  const reread = () => queries.invalidateQueries({ queryKey: recordKey(run.id) });

  async function send(): Promise<void> {
    setSending(true);
    const sent = await Promise.all(filled.map((question) => answered(question, draftOf(question))));
    const arrived = sent.filter(({ error }) => error === undefined).map(({ id }) => id);
    setClosed((before) => new Set([...before, ...arrived]));
    setFailures(new Map(sent.filter(({ error }) => error !== undefined).map(({ id, error }) => [id, error])));
    setDrafts((before) => Object.fromEntries(Object.entries(before).filter(([id]) => !arrived.includes(id))));
    setSending(false);
    void reread();
  }

  return {
    plain,
    approvals: open.filter(({ kind }) => kind === "approval"),
    isMine,
    draftOf,
    type: ({ id }, value) => setDrafts((before) => ({ ...before, [id]: value })),
    filled,
    send: () => void send(),
    isSending,
    error: plain.map(({ id }) => failures.get(id)).find((error) => error !== undefined),
    isResumed,
    gone,
    dismiss,
    done: ({ id }) => {
      setClosed((before) => new Set([...before, id]));
      void reread();
    },
  };
}

/** Send one answer. The same answer by the same person once more changes nothing. */
async function answered({ id }: Question, answer: string): Promise<{ id: string; error?: unknown }> {
  try {
    await client.POST("/api/v1/questions/{question_id}/answer", {
      params: { path: { question_id: id } },
      body: { answer: answer.trim() },
    });
    return { id };
  } catch (error) {
    return { id, error };
  }
}

/** Whether a question is for whoever looks, as the server says; until it has, as permissions let one expect. */
function useMine(runId: string, open: readonly Question[]): (question: Question) => boolean {
  const can = useCan();
  const isAllowed = can("questions:answer");
  const { data } = $api.useQuery(
    "get",
    "/api/v1/questions",
    { params: { query: { run_id: runId, mine: true, limit: 200, status: ["open"] } } },
    { enabled: can("questions:read") && open.length > 0 },
  );
  const known = useQueryClient();
  const ids = open.map(({ id }) => id).join();
  useEffect(() => {
    if (ids) void known.invalidateQueries({ queryKey: ["get", "/api/v1/questions"] });
  }, [ids, known]);
  const mine = new Set(data?.items.map(({ id }) => id));
  const newest = data?.items[0]?.created_at ?? "";
  return (question) => {
    if (mine.has(question.id)) return true;
    const isUntold = data === undefined || question.created_at > newest;
    return isUntold && isAllowed && question.role === null && !question.assignee;
  };
}

/** What became of questions that were open while one looked on. */
function useClosing(open: readonly Question[], closed: ReadonlySet<string>, status: Schema<"RunStatus">) {
  const before = useRef<readonly Question[]>([]);
  const [isResumed, setResumed] = useState(false);
  const [gone, setGone] = useState<readonly Question[]>([]);
  const ids = open.map(({ id }) => id).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: looks when the open questions are other ones
  useEffect(() => {
    const left = before.current.filter(({ id }) => !open.some((question) => question.id === id));
    const others = left.filter(({ id }) => !closed.has(id));
    const hadSome = before.current.length > 0;
    before.current = open;
    if (status === "cancelled" || status === "failed") return;
    if (others.length > 0) setGone((known) => [...known, ...others]);
    if (hadSome && open.length === 0) setResumed(true);
  }, [ids]);
  const dismiss = ({ id }: Question) => setGone((known) => known.filter((question) => question.id !== id));
  return { isResumed, gone, dismiss };
}
