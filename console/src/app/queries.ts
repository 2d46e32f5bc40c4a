/** How answers of the API are kept: a few seconds, asked again where that can help. */
import { QueryClient } from "@tanstack/react-query";
import { isRetryable } from "@/api/problem";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => failures < 2 && isRetryable(error),
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});
