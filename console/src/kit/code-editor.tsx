/** An editor with line numbers, and with what is wrong at its place. It is large: load it by itself. */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, type Extension, type Text } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { getNonce } from "get-nonce";
import { useEffect, useRef } from "react";

/** Something wrong: from a place to another one, or in all of a line, from 1. */
export interface Wrong {
  readonly message: string;
  readonly line: number;
  readonly from?: number;
  readonly to?: number;
}

export interface CodeEditorProps {
  readonly value: string;
  readonly label: string;
  /** Without it the text can be read only. */
  readonly onChange?: ((text: string) => void) | undefined;
  readonly problems: readonly Wrong[];
  /** Where to go; another object goes there again. */
  readonly goTo?: { readonly from: number } | undefined;
  /** What it knows of the language besides; as it is at first. */
  readonly extensions?: readonly Extension[];
  readonly testId?: string;
}

const LOOK = EditorView.theme({
  "&": {
    border: "1px solid var(--mantine-color-default-border)",
    borderRadius: "var(--mantine-radius-md)",
    backgroundColor: "var(--mantine-color-body)",
    color: "var(--mantine-color-text)",
    fontSize: "13px",
    overflow: "hidden",
  },
  "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)" },
  ".cm-scroller": {
    fontFamily: "var(--mantine-font-family-monospace)",
    minHeight: "20rem",
    maxHeight: "65vh",
    overflow: "auto",
  },
  ".cm-content": { caretColor: "var(--mantine-color-text)" },
  ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
  ".cm-gutters": {
    backgroundColor: "var(--mantine-color-body)",
    color: "var(--mantine-color-dimmed)",
    border: "none",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "light-dark(#f2f5f8, #2b2f34)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "light-dark(#cfe2f7, #1d3a5c)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--mantine-color-body)",
    border: "1px solid var(--mantine-color-default-border)",
    color: "var(--mantine-color-text)",
  },
});

function extensionsOf(label: string, changed: (text: string) => void): Extension[] {
  return [
    EditorView.cspNonce.of(getNonce() ?? ""),
    lineNumbers(),
    lintGutter(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    drawSelection(),
    history(),
    keymap.of([...defaultKeymap, ...historyKeymap, ...lintKeymap]),
    LOOK,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) changed(update.state.doc.toString());
    }),
  ];
}

function markOf(doc: Text, { message, line, from, to }: Wrong) {
  const whole = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return {
    from: Math.min(from ?? whole.from, doc.length),
    to: Math.min(to ?? whole.to, doc.length),
    message,
    severity: "error" as const,
  };
}

export default function CodeEditor(props: CodeEditorProps) {
  const { value, label, onChange, problems, goTo, extensions = [], testId } = props;
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const writable = useRef(new Compartment());
  const changed = useRef(onChange);
  changed.current = onChange;
  const isWritable = onChange !== undefined;

  // biome-ignore lint/correctness/useExhaustiveDependencies: one editor for a text; what changes later is dispatched below
  useEffect(() => {
    if (!place.current) return;
    const writing = writable.current.of(EditorState.readOnly.of(!isWritable));
    const usual = extensionsOf(label, (text) => changed.current?.(text));
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({ doc: value, extensions: [writing, ...usual, ...extensions] }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    view.current?.dispatch({
      effects: writable.current.reconfigure(EditorState.readOnly.of(!isWritable)),
    });
  }, [isWritable]);

  useEffect(() => {
    const { current } = view;
    if (!current || current.state.doc.toString() === value) return;
    current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const { current } = view;
    if (!current) return;
    const shown = problems.map((problem) => markOf(current.state.doc, problem));
    current.dispatch(setDiagnostics(current.state, shown));
  }, [problems]);

  useEffect(() => {
    const { current } = view;
    if (!current || !goTo) return;
    const anchor = Math.min(goTo.from, current.state.doc.length);
    current.dispatch({ selection: { anchor }, scrollIntoView: true });
    current.focus();
  }, [goTo]);

  return <div ref={place} data-testid={testId} />;
}
