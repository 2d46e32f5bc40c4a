/** The chat of a customer: in by a link, then one conversation at a time. */

import { useCallback, useEffect, useState } from "react";
import { utcOf } from "@/kit/utc";
import { chat as text } from "@/strings/chat";
import * as api from "./api";
import { ConversationView } from "./conversation";
import { problemText, useConversation } from "./use-conversation";

/** The token of a link; it stands behind the #, so that no server on the way is told it. */
export function tokenOf(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, "")).get("token");
}

export function ChatPage() {
  const [token, setToken] = useState(() => tokenOf(location.hash));
  const [session, setSession] = useState<api.Session | null>();
  const [error, setError] = useState<string>();
  const [begun, setBegun] = useState(false);

  const attempt = useCallback((work: Promise<api.Session | null>) => {
    setError(undefined);
    return work.then(setSession, (reason: unknown) => setError(problemText(reason)));
  }, []);
  useEffect(() => {
    if (tokenOf(location.hash) === null) void attempt(api.session());
  }, [attempt]);

  async function enter(): Promise<void> {
    if (token === null) return;
    await attempt(api.enter(token).finally(() => history.replaceState(null, "", location.pathname)));
    setBegun(true);
    setToken(null);
  }

  if (token !== null) {
    return (
      <Frame>
        <p>{text.welcome}</p>
        <p className="hint">{text.welcomeHint}</p>
        <button type="button" className="primary" data-testid="start-chat" onClick={() => void enter()}>
          {text.start}
        </button>
      </Frame>
    );
  }
  if (error !== undefined) {
    return (
      <Frame>
        <div className="error" role="alert" data-testid="error-message">
          <p>
            <strong>{text.notLoaded}</strong> {error}
          </p>
          <button type="button" data-testid="retry-button" onClick={() => void attempt(api.session())}>
            {text.retry}
          </button>
        </div>
      </Frame>
    );
  }
  if (session === undefined) return <Frame />;
  if (session === null) {
    return (
      <Frame>
        <p data-testid="error-message" role="alert">
          {text.noSession}
        </p>
        <p className="hint">{text.noSessionHint}</p>
      </Frame>
    );
  }
  return <Conversations session={session} begun={begun} onLeft={() => setSession(null)} />;
}

interface ConversationsProps {
  readonly session: api.Session;
  /** Whether the customer has just pressed to begin. */
  readonly begun: boolean;
  readonly onLeft: () => void;
}

function Conversations({ session, begun, onLeft }: ConversationsProps) {
  const [listed, setListed] = useState<readonly api.Summary[]>();
  const [chosen, setChosen] = useState<string>();
  const [isNew, setNew] = useState(false);
  const [error, setError] = useState<string>();
  const talk = useConversation(chosen, (id) => {
    setNew(false);
    setChosen(id);
  });

  const load = useCallback(() => {
    setError(undefined);
    api.list().then(
      (items) => {
        setListed(items);
        const open = items.find(({ is_over }) => !is_over);
        setChosen(open?.id);
        setNew(open === undefined && begun);
      },
      (reason: unknown) => setError(problemText(reason)),
    );
  }, [begun]);
  useEffect(load, [load]);

  function begin(): void {
    setChosen(undefined);
    setNew(true);
  }

  const earlier = listed?.filter(({ id, is_over }) => is_over && id !== chosen) ?? [];
  return (
    <Frame
      aside={
        <>
          <span data-testid="connection-status" className="connection" data-state={talk.connection}>
            {text.connection[talk.connection]}
          </span>
          <button type="button" onClick={() => void api.leave().finally(onLeft)}>
            {text.leave}
          </button>
        </>
      }
    >
      {error !== undefined && (
        <div className="error" role="alert" data-testid="error-message">
          <p>{error}</p>
          <button type="button" data-testid="retry-button" onClick={load}>
            {text.retry}
          </button>
        </div>
      )}
      {chosen !== undefined || isNew ? (
        <ConversationView talk={talk} isNew={isNew} onNew={begin} />
      ) : (
        listed && (
          <div className="begin">
            <p className="hint">{text.signedInAs(session.email)}</p>
            <button type="button" className="primary" data-testid="start-chat" onClick={begin}>
              {text.startNew}
            </button>
          </div>
        )
      )}
      {earlier.length > 0 && (
        <details className="earlier">
          <summary>{text.earlier}</summary>
          {earlier.map(({ id, made_at }) => (
            <button type="button" key={id} onClick={() => setChosen(id)}>
              <time dateTime={made_at} title={utcOf(made_at)}>
                {new Date(made_at).toLocaleString()}
              </time>
            </button>
          ))}
        </details>
      )}
    </Frame>
  );
}

interface FrameProps {
  readonly aside?: React.ReactNode;
  readonly children?: React.ReactNode;
}

function Frame({ aside, children }: FrameProps) {
  return (
    <div className="frame">
      <header>
        <h1>{text.title}</h1>
        <div className="aside">{aside}</div>
      </header>
      <main data-testid="chat-interface">{children}</main>
    </div>
  );
}
