/** The outline of a run that may be growing; where entries arrive fast, it follows a little behind. */
import { useDeferredValue, useMemo } from "react";
import type { RunView } from "../journal";
import { type Outline, outlineOf } from "./outline";

export function useOutline(view: RunView): Outline {
  const deferred = useDeferredValue(view);
  return useMemo(() => outlineOf(deferred), [deferred]);
}
