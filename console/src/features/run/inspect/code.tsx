/** The text of a program, in colours. */
import { useMemo } from "react";
import classes from "./code.module.css";
import { highlighted } from "./languages";

interface CodeProps {
  readonly text: string;
  readonly language: string | undefined;
  readonly label?: string | undefined;
}

export function Code({ text, language, label }: CodeProps) {
  const pieces = useMemo(() => highlighted(text, language), [text, language]);
  let place = 0;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
    <section className={classes.code} tabIndex={0} aria-label={label} data-testid="code">
      <pre>
        <code>
          {pieces.map((piece) => {
            const key = place;
            place += piece.text.length;
            return piece.kinds ? (
              <span key={key} className={piece.kinds}>
                {piece.text}
              </span>
            ) : (
              piece.text
            );
          })}
        </code>
      </pre>
    </section>
  );
}
