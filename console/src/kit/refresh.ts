/** Asks the API anew for what a change may have changed. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

/** `await refresh("/api/v1/models")`: every query of an address that begins so. */
export function useRefresh(): (...beginnings: readonly string[]) => Promise<void> {
  const queries = useQueryClient();
  return useCallback(
    async (...beginnings) => {
      await queries.invalidateQueries({
        predicate: ({ queryKey: [, path] }) =>
          typeof path === "string" && beginnings.some((beginning) => path.startsWith(beginning)),
      });
    },
    [queries],
  );
}
