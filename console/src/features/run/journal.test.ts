import { describe, expect, it } from "vitest";
import { type Entry, GAP, nameOf, parentOf, RunJournal, type RunView } from "./journal";

function entry(seq: number, kind: string, key = "", payload: unknown = null): Entry {
  const at = new Date(Date.UTC(2026, 0, 1) + seq * 1_000).toISOString();
  return { seq, kind, key, at, encoding: payload === null ? "none" : "json", payload } as Entry;
}

const card = (decision: string) => ({ card: { decision, confidence: 0.9 } });
const progress = (done: number) => ({ progress: { done, total: 4, message: `at ${done}` } });

/** A run with an agent, a question, a failed action, a retry and an end. */
const STORY: readonly Entry[] = [
  entry(1, "submitted", "", "go"),
  entry(2, "emitted", "emit#0", progress(1)),
  entry(3, "entered", "plan#0"),
  entry(4, "emitted", "plan#0/emit#0", card("first")),
  entry(5, "completed", "plan#0", { value: 1 }),
  entry(6, "asked", "ask:budget", {}),
  entry(7, "answered", "ask:budget", { answer: "5", by: "me" }),
  entry(8, "dispatch", "pay#0", {}),
  entry(9, "outcome", "pay#0", { failure: { code: "no", message: "No.", retryable: true } }),
  entry(10, "run_failed", "", {}),
  entry(11, "run_retried"),
  entry(12, "outcome", "pay#0", { result: "paid" }),
  entry(13, "emitted", "emit#1", progress(3)),
  entry(14, "emitted", "emit#2", card("second")),
  entry(15, "run_completed", "", {}),
];

/** The same numbers for the same seed: mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(things: readonly T[], random: () => number): T[] {
  const mixed = [...things];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [mixed[at], mixed[other]] = [mixed[other] as T, mixed[at] as T];
  }
  return mixed;
}

function inOrder(): RunView {
  const journal = new RunJournal();
  for (const one of STORY) journal.add([one]);
  return journal.snapshot();
}

describe("a run's journal", () => {
  it("adds up to the same in any order, with any repetition, in pieces of any size", () => {
    const wanted = inOrder();
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const repeated = STORY.flatMap((one) =>
        Array.from({ length: 1 + Math.floor(random() * 3) }, () => one),
      );
      const arriving = shuffled(repeated, random);
      const journal = new RunJournal();
      while (arriving.length > 0) journal.add(arriving.splice(0, 1 + Math.floor(random() * 5)));
      expect(journal.snapshot(), `seed ${seed}`).toEqual(wanted);
    }
  });

  it("tells of cards, messages, progress, steps and status", () => {
    const view = inOrder();
    expect(view.cards.map(({ card: { decision } }) => decision)).toEqual(["first", "second"]);
    expect(view.messages.map(({ message }) => message)).toEqual(["at 1", "at 3"]);
    expect(view.progress?.done).toBe(3);
    expect(view.status).toBe("completed");
    expect([...view.steps].map(([key, { state }]) => [key, state])).toEqual([
      ["plan#0", "completed"],
      ["ask:budget", "completed"],
      ["pay#0", "completed"],
    ]);
  });

  it("goes on after a cut: what is told again changes nothing, and nobody is called", () => {
    const journal = new RunJournal();
    journal.add(STORY.slice(0, 8));
    const before = journal.snapshot();
    let calls = 0;
    journal.subscribe(() => calls++);
    journal.add(STORY.slice(2, 8));
    expect(journal.snapshot()).toBe(before);
    expect(calls).toBe(0);
    journal.add(STORY.slice(5));
    expect(journal.snapshot()).toEqual(inOrder());
    expect(calls).toBe(1);
  });

  it("takes a failed run that is tried again for one that goes on", () => {
    const journal = new RunJournal();
    journal.add(STORY.slice(0, 10));
    expect(journal.snapshot().status).toBe("failed");
    expect(journal.snapshot().steps.get("pay#0")?.state).toBe("failed");
    journal.add(STORY.slice(10, 11));
    expect(journal.snapshot().status).toBe("queued");
  });

  it("puts what has become known in the place of what was too large", () => {
    const journal = new RunJournal();
    const large = { ...entry(16, "emitted", "emit#3"), encoding: "reference" } as Entry;
    journal.add([...STORY, large]);
    expect(journal.snapshot().cards).toHaveLength(2);
    journal.amend([{ ...large, encoding: "json", payload: card("large") } as Entry]);
    expect(journal.snapshot().cards.map(({ seq }) => seq)).toEqual([4, 14, 16]);
  });
});

describe("answers being made", () => {
  const said = (journal: RunJournal) => journal.snapshot().deltas.get("plan#0/0");

  it("grow piece by piece, begin anew where a step does, and show where something is missing", () => {
    const journal = new RunJournal();
    journal.add(STORY.slice(0, 3), [{ step: "plan#0/0", offset: 0, text: "Good " }]);
    journal.add([], [{ step: "plan#0/0", offset: 5, text: "day" }]);
    expect(said(journal)).toBe("Good day");
    journal.add([], [{ step: "plan#0/0", offset: 12, text: "!" }]);
    expect(said(journal)).toBe(`Good day${GAP}!`);
    journal.add([], [{ step: "plan#0/0", offset: 0, text: "Anew" }]);
    expect(said(journal)).toBe("Anew");
  });

  it("count characters as the server does", () => {
    const journal = new RunJournal();
    journal.add([], [{ step: "plan#0/0", offset: 0, text: "a\u{1F600}" }]);
    journal.add([], [{ step: "plan#0/0", offset: 2, text: "b" }]);
    expect(said(journal)).toBe("a\u{1F600}b");
  });

  it("go when the entry comes that ends the step around them, and stay away", () => {
    const journal = new RunJournal();
    const piece = { step: "plan#0/0", offset: 0, text: "late" };
    journal.add(STORY.slice(0, 3), [piece]);
    journal.add(STORY.slice(3, 5));
    expect(journal.snapshot().deltas.size).toBe(0);
    journal.add([], [piece]);
    expect(journal.snapshot().deltas.size).toBe(0);
  });
});

describe("the path of a step", () => {
  it("has a name at its end and what is around it before", () => {
    expect(nameOf("questions#0/gather#0/2/ask:budget")).toBe("ask:budget");
    expect(nameOf("plan#12")).toBe("plan");
    expect(parentOf("plan#0/emit#0")).toBe("plan#0");
    expect(parentOf("plan#0")).toBeNull();
  });
});
