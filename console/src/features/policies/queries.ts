/** What the screens of policies ask the server for. */
import { useQuery } from "@tanstack/react-query";
import { $api, client, type Schema } from "@/api/client";

export const ALL = "/api/v1/policies";

export function usePolicyState() {
  return $api.useQuery("get", "/api/v1/policies/state");
}

/** A version with its files; null asks for none. Files never change. */
export function useVersion(number: number | null | undefined) {
  return $api.useQuery(
    "get",
    "/api/v1/policies/{number}",
    // versions are numbered from 1: nothing is ever kept of 0
    { params: { path: { number: number ?? 0 } } },
    { enabled: typeof number === "number" },
  );
}

/** What is wrong with a stored version; with its tests, if that is wanted. */
export function useChecked(number: number | undefined, withTests: boolean) {
  return useQuery({
    queryKey: ["post", `${ALL}/{number}/${withTests ? "test" : "check"}`, number],
    queryFn: async (): Promise<Schema<"Checked">> => {
      const init = { params: { path: { number: number ?? 1 } } };
      const { data } = withTests
        ? await client.POST("/api/v1/policies/{number}/test", init)
        : await client.POST("/api/v1/policies/{number}/check", init);
      if (!data) throw new Error("the server said nothing");
      return data;
    },
    enabled: number !== undefined,
  });
}
