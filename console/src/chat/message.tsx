/** One message: who says it, its text, and the articles that it comes from. */
import { chat as text } from "@/strings/chat";
import type { Message } from "./api";
import { type Piece, wordsOf } from "./words";

const SPEAKERS = { customer: text.you, desk: text.desk, person: text.person } as const;

export function MessageView({ message }: { readonly message: Pick<Message, "by" | "text"> }) {
  const mine = message.by === "customer";
  const words = mine ? { paragraphs: [[{ at: 0, text: message.text }]], sources: [] } : wordsOf(message.text);
  return (
    <div className={mine ? "message mine" : "message"} data-testid="message" data-by={message.by}>
      <span className="speaker">{SPEAKERS[message.by]}</span>
      <div className="bubble" data-testid={mine ? undefined : "agent-message"}>
        {words.paragraphs.map((pieces) => (
          <p key={JSON.stringify(pieces)}>
            {pieces.map((piece) => (
              <PieceView key={piece.at} piece={piece} />
            ))}
          </p>
        ))}
        {words.sources.length > 0 && (
          <div className="sources">
            <span>{text.sources}</span>
            <ol>
              {words.sources.map(({ number, title }) => (
                <li key={number} value={number}>
                  {title}
                </li>
              ))}
            </ol>
          </div>
        )}
      </div>
    </div>
  );
}

function PieceView({ piece }: { readonly piece: Piece }) {
  return "source" in piece ? <sup>{`[${piece.source}]`}</sup> : piece.text;
}
