/** An editor with line numbers, which shows what the server found wrong where it stands. Loaded by itself. */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { getNonce } from "get-nonce";
import { useEffect, useRef } from "react";
import type { Fault } from "./faults";

interface EditorProps {
  readonly label: string;
  /** What it holds at first. */
  readonly initial: string;
  readonly onChange: (value: string) => void;
  readonly faults: readonly Fault[];
}

const LOOK = EditorView.theme({
  "&": {
    border: "1px solid var(--mantine-color-default-border)",
    borderRadius: "var(--mantine-radius-md)",
    backgroundColor: "var(--mantine-color-body)",
    color: "var(--mantine-color-text)",
    fontSize: "0.8rem",
  },
  "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)" },
  ".cm-content": { caretColor: "var(--mantine-color-text)", minHeight: "16rem" },
  ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
  ".cm-scroller": {
    maxHeight: "32rem",
    overflow: "auto",
    fontFamily: "var(--mantine-font-family-monospace)",
  },
  ".cm-gutters": {
    backgroundColor: "var(--mantine-color-body)",
    color: "var(--mantine-color-dimmed)",
    borderRight: "1px solid var(--mantine-color-default-border)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--mantine-color-body)",
    border: "1px solid var(--mantine-color-default-border)",
  },
});

export default function Editor({ label, initial, onChange, faults }: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const told = useRef(onChange);
  told.current = onChange;
  const begun = useRef({ label, initial });
  useEffect(() => {
    if (!place.current) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: begun.current.initial,
        extensions: [
          lineNumbers(),
          lintGutter(),
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          EditorView.cspNonce.of(getNonce() ?? ""),
          EditorView.contentAttributes.of({ "aria-label": begun.current.label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) told.current(update.state.doc.toString());
          }),
          LOOK,
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => {
    const shown = view.current;
    if (!shown) return;
    const { doc } = shown.state;
    const marks = faults.map(({ line, message }) => {
      const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
      return { from, to, severity: "error" as const, message };
    });
    shown.dispatch(setDiagnostics(shown.state, marks));
  }, [faults]);
  return <div ref={place} />;
}
