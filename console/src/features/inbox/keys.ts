/** Single keys of the inbox. They do nothing while somebody types, and can be turned off. */
import { useLocalStorage } from "@mantine/hooks";
import { useEffect } from "react";

export type Deed = "next" | "previous" | "approve" | "refuse" | "help";

const DEEDS: Readonly<Record<string, Deed>> = {
  j: "next",
  k: "previous",
  ArrowDown: "next",
  ArrowUp: "previous",
  a: "approve",
  r: "refuse",
  "?": "help",
};

const TYPED_IN =
  "input, textarea, select, [contenteditable='true'], [role='dialog'], [role='listbox'], [role='menu']";

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "target" | "defaultPrevented">;

/** What a key means here; null where it belongs to a field, a dialog or the browser. */
export function deedOf(pressed: Pressed): Deed | null {
  const { key, ctrlKey, metaKey, altKey, target, defaultPrevented } = pressed;
  if (defaultPrevented || ctrlKey || metaKey || altKey) return null;
  if (target instanceof Element && target.closest(TYPED_IN)) return null;
  return DEEDS[key] ?? null;
}

/** Whether single keys are wanted by this person on this machine. */
export function useKeysWanted() {
  return useLocalStorage({ key: "pilothouse-inbox-keys", defaultValue: true });
}

/** Do `deeds` when their keys are pressed anywhere on the page. Only the help remains where keys are not wanted. */
export function useKeys(wanted: boolean, deeds: Partial<Record<Deed, () => void>>): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const deed = deedOf(event);
      const act = deed === null || !wanted ? undefined : deeds[deed];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
}
