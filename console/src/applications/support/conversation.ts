/** The conversation of a run, as its journal tells it: what was said, sorted, done and handed over. */
import { type Entry, parentOf } from "@/features/run/journal";
import { answerOf, type Fields, fields, text, texts } from "../reading";

export type Speaker = "customer" | "desk" | "person";

export interface Said {
  readonly seq: number;
  /** What the message is known by: the key of the step that said it. */
  readonly key: string;
  /** The step that has produced it, as far as known: the agent that wrote it, else the one that said it. */
  readonly step: string;
  readonly at: string;
  readonly by: Speaker;
  readonly text: string;
  readonly sources: readonly string[];
}

export interface Done {
  readonly key: string;
  readonly at: string;
  readonly tool: string;
  readonly verdict: string;
  readonly reasons: readonly string[];
  readonly outcome: "done" | "failed" | "open" | "asked";
}

export interface Conversation {
  readonly said: readonly Said[];
  readonly done: readonly Done[];
  readonly topic: string;
  readonly urgency: string;
  readonly language: string;
  readonly isVerified: boolean;
  /** What a person was told who takes over; the last one counts. */
  readonly summary: string;
}

const FINDS = /^find_customer/;

export function conversationOf(entries: readonly Entry[]): Conversation {
  const found = new Telling();
  for (const entry of entries) found.take(entry, fields(entry.payload));
  const sorted = fields(answerOf(entries, "triage"));
  return {
    said: found.said,
    done: [...found.done.values()],
    topic: text(sorted.topic),
    urgency: text(sorted.urgency),
    language: text(sorted.language),
    isVerified: found.isVerified,
    summary: text(answerOf(entries, "summary")),
  };
}

class Telling {
  readonly said: Said[] = [];
  readonly done = new Map<string, Done>();
  isVerified = false;
  private readonly asked = new Map<string, Fields>();
  private cited: readonly string[] = [];
  private writer: string | undefined;
  private byPerson: string | undefined;

  take(entry: Entry, payload: Fields): void {
    if (entry.kind === "submitted") {
      this.say(entry, "customer", typeof entry.payload === "string" ? entry.payload : text(payload.text));
    } else if (entry.kind === "emitted") this.emitted(entry, fields(payload.card));
    else if (entry.kind === "asked") this.ask(entry, payload);
    else if (entry.kind === "answered") this.answered(entry, payload);
    else if (entry.kind === "dispatch") this.dispatched(entry, fields(payload.decision));
    else if (entry.kind === "outcome") this.ended(entry, payload);
  }

  private emitted(entry: Entry, card: Fields): void {
    const citations = texts(fields(card.outputs).citations);
    if (card.agent === "answer") {
      this.cited = citations;
      this.writer = parentOf(entry.key) ?? entry.key;
    }
    if (card.title === "Reply" && !card.agent) this.say(entry, "desk", text(card.decision), citations);
  }

  private ask(entry: Entry, question: Fields): void {
    this.asked.set(entry.key, question);
    if (question.kind === "approval") {
      this.act(entry, toolOf(entry.key), { outcome: "asked", verdict: "require_approval" });
    }
    if (question.role !== "customer") return;
    const prompt = text(question.prompt);
    const isPersons = prompt === this.byPerson;
    this.byPerson = undefined;
    this.say(entry, isPersons ? "person" : "desk", prompt, isPersons ? [] : this.cited);
    this.cited = [];
  }

  private answered(entry: Entry, reply: Fields): void {
    const { role, kind } = this.asked.get(entry.key) ?? {};
    if (role === "customer") this.say(entry, "customer", text(reply.answer));
    else if (kind === "question") this.byPerson = text(reply.answer);
  }

  private dispatched(entry: Entry, decision: Fields): void {
    this.act(entry, toolOf(entry.key), {
      verdict: text(decision.verdict),
      reasons: texts(decision.reasons),
      outcome: decision.verdict === "deny" ? "failed" : "open",
    });
  }

  private ended(entry: Entry, payload: Fields): void {
    const failed = payload.error !== undefined && payload.error !== null;
    this.act(entry, toolOf(entry.key), { outcome: failed ? "failed" : "done" });
    const found = text(fields(payload.result).customer_id);
    if (FINDS.test(toolOf(entry.key)) && found) this.isVerified = true;
  }

  private act(entry: Entry, tool: string, change: Partial<Done>): void {
    const key = actionOf(entry.key);
    const known = this.done.get(key);
    const first: Done = { key, at: entry.at, tool, verdict: "", reasons: [], outcome: "open" };
    this.done.set(key, { ...first, ...known, ...change });
  }

  private say(entry: Entry, by: Speaker, text: string, sources: readonly string[] = []): void {
    if (!text) return;
    const { seq, key, at } = entry;
    const step = (by === "desk" ? this.writer : undefined) ?? key;
    if (by === "desk") this.writer = undefined;
    this.said.push({ seq, key, step, at, by, text, sources: [...new Set(sources)] });
  }
}

/** The action that a step is about: the question about one stands within its path. */
function actionOf(key: string): string {
  return /^[^/]*#\d+/.exec(key)?.[0] ?? key;
}

function toolOf(key: string): string {
  return actionOf(key).replace(/#\d+$/, "");
}

/** The sources that a text tells itself stand in a line of their own; beside it they are told once. */
export function withoutSources(said: string): string {
  return said.replace(/\n\[\d+\] .+(?=\n\n|$)/g, "");
}

/** Parts of a summary that are worth a line of their own. */
export function linesOf(summary: string): readonly string[] {
  return summary.split("\n").filter((line) => line.trim());
}
