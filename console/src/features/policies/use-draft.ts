/** Files that somebody edits: kept in the window until they are saved or discarded, so that nothing typed is lost. */
import { useSessionStorage } from "@mantine/hooks";
import type { Files } from "./faults";

export interface Draft {
  readonly files: Files;
  readonly isChanged: boolean;
  readonly write: (name: string, text: string) => void;
  readonly add: (name: string) => void;
  readonly remove: (name: string) => void;
  readonly discard: () => void;
}

/** `name` tells drafts apart: a version's number, or new. */
export function useDraft(name: string, stored: Files): Draft {
  const [edited, setEdited] = useSessionStorage<Files | null>({
    key: `policies:${name}`,
    defaultValue: null,
    getInitialValueInEffect: false,
  });
  const files = edited ?? stored;
  const put = (next: Files) => setEdited(isSame(next, stored) ? null : next);
  return {
    files,
    isChanged: edited !== null && !isSame(edited, stored),
    write: (file, text) => put({ ...files, [file]: text }),
    add: (file) => put({ ...files, [file]: "" }),
    remove: (file) => put(Object.fromEntries(Object.entries(files).filter(([other]) => other !== file))),
    discard: () => setEdited(null),
  };
}

export function isSame(one: Files, other: Files): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** What a new set begins with, where there is none to go on from. */
export const EXAMPLE: Files = {
  "limits.cedar": `// What is decided here is added to the policies that applications ship.

@id("large-amounts-are-approved")
@reason("What costs more than 100 needs a manager.")
@approval("manager")
@not_requester("true")
@expires("24h")
forbid (principal, action, resource)
when { context has cost && context.cost.amount_cents > 10000 };
`,
};
