/** The editor of one file of policies, with Cedar's colours. Loaded by itself. */
import { indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { keymap } from "@codemirror/view";
import CodeEditor, { type CodeEditorProps } from "@/kit/code-editor";
import { cedar, cedarInk } from "./cedar-language";

// Escape, then Tab leaves the editor by keys
const ANY = [indentOnInput(), bracketMatching(), keymap.of([indentWithTab])];
const CEDAR = [...ANY, cedar, cedarInk];

interface EditorProps extends Omit<CodeEditorProps, "extensions" | "testId"> {
  readonly isCedar: boolean;
}

export default function Editor({ isCedar, ...props }: EditorProps) {
  return <CodeEditor {...props} extensions={isCedar ? CEDAR : ANY} testId="policy-editor" />;
}
