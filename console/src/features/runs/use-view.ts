/** The view that the address says, and the way to another one. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { type Search, searchOf, type View, viewOf } from "./filters";

export type Change = (change: Partial<View>) => void;

export function useView(): readonly [View, Change] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const view = useMemo(() => viewOf(search), [search]);
  const change = useCallback<Change>(
    (changes) =>
      void navigate({
        to: ".",
        search: searchOf({ ...view, ...changes }) as never,
        resetScroll: false,
      }),
    [view, navigate],
  );
  return [view, change];
}
