/** What is chosen on a tab stands in the address, so that a link shows the same to somebody else. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

type Chosen = Readonly<Record<string, string | number | undefined>>;

/** The parameters of the address as text, and a function that changes some of them; undefined takes one away. */
export function useParams(): readonly [(name: string) => string | undefined, (changed: Chosen) => void] {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const choose = useCallback(
    (changed: Chosen) => {
      const next = (before: object) => ({ ...before, ...changed });
      void navigate({ to: ".", search: next as never, replace: true, resetScroll: false });
    },
    [navigate],
  );
  const read = (name: string) => {
    const value = search[name];
    return value === undefined || value === null ? undefined : String(value);
  };
  return [read, choose];
}
