/** Asks the API anew for what a change may have changed. */
import { useQueryClient } from "@tanstack/react-query";

/** A function that has everything asked anew whose address begins with one of these. */
export function useRefresh(...beginnings: readonly string[]): () => Promise<void> {
  const queries = useQueryClient();
  return () =>
    queries.invalidateQueries({
      predicate: ({ queryKey: [, path] }) =>
        typeof path === "string" && beginnings.some((beginning) => path.startsWith(beginning)),
    });
}
