/** The editor of one file: CodeMirror with Cedar's colours, and with problems at their lines. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { useEffect, useRef } from "react";
import { cedar, cedarInk } from "./cedar-language";
import type { Problem } from "./faults";

export interface EditorProps {
  readonly value: string;
  readonly label: string;
  readonly isCedar: boolean;
  /** Without it the text can be read only. */
  readonly onChange?: ((text: string) => void) | undefined;
  readonly problems: readonly Problem[];
  /** Where to go; another object goes there again. */
  readonly goTo?: Pick<Problem, "from"> | undefined;
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

function extensionsOf(props: EditorProps, changed: (text: string) => void): Extension[] {
  const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? "";
  return [
    EditorView.cspNonce.of(nonce),
    lineNumbers(),
    lintGutter(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    drawSelection(),
    history(),
    indentOnInput(),
    bracketMatching(),
    // Escape, then Tab leaves the editor by keys
    keymap.of([...defaultKeymap, ...historyKeymap, ...lintKeymap, indentWithTab]),
    LOOK,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": props.label, spellcheck: "false" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) changed(update.state.doc.toString());
    }),
    ...(props.isCedar ? [cedar, cedarInk] : []),
  ];
}

export default function Editor(props: EditorProps) {
  const { value, onChange, problems, goTo } = props;
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const writable = useRef(new Compartment());
  const changed = useRef(onChange);
  changed.current = onChange;
  const isWritable = onChange !== undefined;

  // biome-ignore lint/correctness/useExhaustiveDependencies: one editor for a file; what changes later is dispatched below
  useEffect(() => {
    if (!place.current) return;
    const writing = writable.current.of(EditorState.readOnly.of(!isWritable));
    const extensions = [writing, ...extensionsOf(props, (text) => changed.current?.(text))];
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({ doc: value, extensions }),
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
    const { length } = current.state.doc;
    const shown = problems.map(({ from, to, message }) => ({
      from: Math.min(from, length),
      to: Math.min(to, length),
      message,
      severity: "error" as const,
    }));
    current.dispatch(setDiagnostics(current.state, shown));
  }, [problems]);

  useEffect(() => {
    const { current } = view;
    if (!current || !goTo) return;
    const anchor = Math.min(goTo.from, current.state.doc.length);
    current.dispatch({ selection: { anchor }, scrollIntoView: true });
    current.focus();
  }, [goTo]);

  return <div ref={place} data-testid="policy-editor" />;
}
