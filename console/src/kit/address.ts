/** What a screen shows, kept in its address, so that one can send it to another person. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

interface Address {
  /** What stands there by a name; "" where nothing does. */
  readonly get: (name: string) => string;
  /** Put something there by its name; "" takes it away. The history of the window keeps one place for the screen. */
  readonly set: (changes: Readonly<Record<string, string>>) => void;
}

export function useAddress(): Address {
  const search = useSearch({ strict: false }) as Readonly<Record<string, unknown>>;
  const navigate = useNavigate();
  const get = useCallback(
    (name: string) => {
      const value = search[name];
      return value === undefined || value === null ? "" : String(value);
    },
    [search],
  );
  const set = useCallback(
    (changes: Readonly<Record<string, string>>) => {
      const next = Object.entries({ ...search, ...changes }).filter(([, value]) => value !== "");
      void navigate({ to: ".", search: Object.fromEntries(next), replace: true });
    },
    [search, navigate],
  );
  return { get, set };
}
