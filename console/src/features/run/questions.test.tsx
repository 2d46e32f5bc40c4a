import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { act } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Unreachable } from "@/api/problem";
import { type Entry, RunJournal } from "./journal";
import { Countdown } from "./question-field";
import { Questions, whatBecameOf } from "./questions";
import type { Answers, Question } from "./use-answers";

const BASE = {
  id: "1",
  run_id: "r",
  key: "ask:one",
  status: "open",
  kind: "question",
  prompt: "What may it cost?",
  why: "It bounds everything.",
  choices: [],
  free: true,
  default: null,
  default_assumes: "",
  role: null,
  assignee: null,
  created_at: "2026-01-01T00:00:00Z",
  expires_at: null,
  closed_at: null,
  closed_by: null,
} as unknown as Question;

const asked = (changes: Partial<Question>): Question => ({ ...BASE, ...changes });

function answersOf(changes: Partial<Answers>): Answers {
  return {
    plain: [],
    approvals: [],
    isMine: () => true,
    draftOf: (question) => question.default ?? "",
    type: vi.fn(),
    filled: changes.plain ?? [],
    send: vi.fn(),
    isSending: false,
    error: undefined,
    isResumed: false,
    gone: [],
    dismiss: vi.fn(),
    done: vi.fn(),
    ...changes,
  };
}

function show(changes: Partial<Answers>): Answers {
  const answers = answersOf(changes);
  render(<Questions answers={answers} view={new RunJournal().snapshot()} />, { wrapper: MantineProvider });
  return answers;
}

const input = (place: number) => screen.getByTestId(`question-${place}-input`) as HTMLInputElement;

afterEach(cleanup);

describe("the form of questions", () => {
  it("has a place to answer for each, filled with what is suggested, and a button for all", async () => {
    const plain = [
      asked({ default: "500 USD", default_assumes: "It is small." }),
      asked({ id: "2", prompt: "Where?" }),
    ];
    const { send } = show({ plain, filled: plain });
    expect(screen.getByTestId("hitl-questions").textContent).toContain("2 questions");
    expect(input(0).value).toBe("500 USD");
    expect(input(1).value).toBe("");
    expect(screen.getByText(/It assumes: It is small\./)).toBeTruthy();
    expect(screen.getAllByText(/It bounds everything\./)).toHaveLength(2);
    await userEvent.click(screen.getByTestId("submit-answers"));
    expect(send).toHaveBeenCalledOnce();
  });

  it("offers choices that fill the place to answer", async () => {
    const question = asked({ choices: ["now", "later"], default: "later" });
    const { type } = show({ plain: [question] });
    expect((screen.getByRole("radio", { name: "later" }) as HTMLInputElement).checked).toBe(true);
    await userEvent.click(screen.getByRole("radio", { name: "now" }));
    expect(type).toHaveBeenCalledWith(question, "now");
  });

  it("has a place for other words only where these are taken, too", async () => {
    const { type } = show({ plain: [asked({ choices: ["approve", "reject"], free: false })] });
    expect(screen.queryByRole("textbox")).toBeNull();
    expect(input(0).querySelector("[role=radiogroup]")).toBeTruthy();
    await userEvent.click(screen.getByRole("radio", { name: "reject" }));
    expect(type).toHaveBeenCalledWith(expect.objectContaining({ choices: ["approve", "reject"] }), "reject");
    cleanup();
    show({ plain: [asked({ choices: ["now", "later"] })] });
    expect(screen.getByRole("textbox")).toBe(input(0));
  });

  it("sends nothing where nothing is filled in", () => {
    show({ plain: [BASE], filled: [] });
    expect((screen.getByTestId("submit-answers") as HTMLButtonElement).disabled).toBe(true);
  });

  it("keeps what was typed, and a button to try again, where nothing was sent", async () => {
    const { send } = show({ plain: [BASE], draftOf: () => "typed", error: new Unreachable("away") });
    expect(screen.getByTestId("error-message").textContent).toContain("Your answers were not sent.");
    expect(input(0).value).toBe("typed");
    await userEvent.click(screen.getByTestId("retry-button"));
    expect(send).toHaveBeenCalledOnce();
  });

  it("says who can answer to whom it is not for, and has nothing to fill in there", () => {
    show({ plain: [asked({ role: "finance" })], isMine: () => false, filled: [] });
    expect(screen.getByTestId("question-read-only").textContent).toContain("approver:finance");
    expect(screen.queryByTestId("question-0-input")).toBeNull();
    expect(screen.queryByTestId("submit-answers")).toBeNull();
  });

  it("tells that the run goes on, and of questions that others have closed", () => {
    show({ isResumed: true, gone: [BASE] });
    expect(screen.getByTestId("workflow-resumed")).toBeTruthy();
    expect(screen.getByTestId("question-gone").textContent).toContain("What may it cost?");
  });
});

describe("what became of a question", () => {
  const entry = (kind: string, payload: unknown) =>
    ({ seq: 1, kind, key: "ask:one", at: "2026-01-01T00:00:00Z", encoding: "json", payload }) as Entry;
  const viewOf = (one: Entry) => {
    const journal = new RunJournal();
    journal.add([one]);
    return journal.snapshot();
  };

  it("is told by the journal", () => {
    expect(whatBecameOf(BASE, viewOf(entry("answered", { by: "ada", answer: "5" })))).toBe(
      "ada answered “What may it cost?”: 5",
    );
    expect(whatBecameOf(BASE, viewOf(entry("withdrawn", null)))).toContain("withdrawn");
    expect(whatBecameOf(BASE, viewOf(entry("expired", {})))).toContain("expired");
  });
});

describe("the countdown of a question", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.setSystemTime("2026-01-01T12:00:00Z");
  });
  afterEach(() => void vi.useRealTimers());

  it("ticks, and says what is taken at its end", () => {
    const question = asked({ expires_at: "2026-01-01T12:00:03Z", default: "none" });
    render(<Countdown question={question} />, { wrapper: MantineProvider });
    const timer = screen.getByRole("timer");
    expect(timer.textContent).toBe("Without an answer, “none” is taken in 3 s.");
    act(() => void vi.advanceTimersByTime(1_000));
    expect(timer.textContent).toContain("2 s");
    act(() => void vi.advanceTimersByTime(2_000));
    expect(timer.textContent).toBe("“none” is being taken.");
  });
});
