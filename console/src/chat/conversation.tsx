/** A conversation with its composer: what was said, what may be answered at a press, and how it stands. */
import { useEffect, useRef } from "react";
import { chat as text } from "@/strings/chat";
import type { Conversation } from "./api";
import { Composer } from "./composer";
import { MessageView } from "./message";
import type { Talk } from "./use-conversation";

type State = Conversation["state"] | undefined;

interface Props {
  readonly talk: Talk;
  /** Whether the customer is about to begin one. */
  readonly isNew: boolean;
  readonly onNew: () => void;
}

export function ConversationView({ talk, isNew, onNew }: Props) {
  const { conversation, pending, send, retry } = talk;
  const end = useRef<HTMLDivElement>(null);
  const messages = conversation?.messages ?? [];
  const state = conversation?.state;
  const choices = state === "yours" && !pending ? (messages.at(-1)?.choices ?? []) : [];
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was said last is to be seen
  useEffect(() => {
    void end.current?.scrollIntoView({ block: "end" });
  }, [messages.length, pending, state]);
  return (
    <>
      <div className="said">
        {isNew && messages.length === 0 && !pending && <p className="hint">{text.hint}</p>}
        <div className="log" role="log" aria-live="polite" aria-label={text.log}>
          {messages.map((message) => (
            <MessageView key={message.seq} message={message} />
          ))}
          {pending && <MessageView message={{ by: "customer", text: pending.text }} />}
        </div>
        <Standing state={state} answering={pending ? pending.error === undefined : state === "answering"} />
        {pending?.error !== undefined && <NotSent reason={pending.error} retry={retry} />}
        {choices.length > 0 && <Choices choices={choices} onChoose={send} />}
        <div ref={end} />
      </div>
      {state === "ended" ? (
        <div className="composer">
          <button type="button" className="primary" data-testid="start-chat" onClick={onNew}>
            {text.startNew}
          </button>
        </div>
      ) : (
        <Composer ready={!pending && (isNew || state === "yours")} focused={isNew} onSend={send} />
      )}
    </>
  );
}

function Standing({ state, answering }: { readonly state: State; readonly answering: boolean }) {
  return (
    <div role="status">
      {answering && (
        <p className="typing">
          {text.answering}
          <span aria-hidden="true" className="dots" />
        </p>
      )}
      {state === "with_person" && <p className="notice">{text.withPerson}</p>}
      {state === "ended" && <p className="notice">{text.ended}</p>}
    </div>
  );
}

function NotSent({ reason, retry }: { readonly reason: string; readonly retry: () => void }) {
  return (
    <div className="error" role="alert" data-testid="error-message">
      <p>
        <strong>{text.notSent}</strong> {reason}
      </p>
      <button type="button" onClick={retry} data-testid="retry-button">
        {text.retry}
      </button>
    </div>
  );
}

interface ChoicesProps {
  readonly choices: readonly string[];
  readonly onChoose: (choice: string) => void;
}

function Choices({ choices, onChoose }: ChoicesProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is filled in and sent together
    <div className="choices" role="group" aria-label={text.next}>
      {choices.map((choice) => (
        <button type="button" key={choice} onClick={() => onChoose(choice)}>
          {choice}
        </button>
      ))}
    </div>
  );
}
