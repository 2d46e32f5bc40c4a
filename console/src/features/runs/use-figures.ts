/** The figures above the list: counts by state, and the histogram of the time that is looked at. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { client } from "@/api/client";
import { queryOf, SPANS, type Span, type Status, type View } from "./filters";

/** Bars of the histogram. */
const BUCKETS = 90;
const HOUR = 3_600_000;

/** How many runs are in which state: open ones now, ended ones of the span; of one workflow if that is looked at. */
export function useCounts(span: Span, workflow: string) {
  const query = useQuery({
    queryKey: ["runs", "statistics", span],
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - SPANS[span] * HOUR).toISOString();
      const { data } = await client.GET("/api/v1/runs/statistics", { params: { query: { from } }, signal });
      return data;
    },
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  const counts = query.data?.counts;
  return useMemo(() => {
    if (counts === undefined) return undefined;
    const found = new Map<Status, number>();
    for (const { workflow: of, status, runs } of counts) {
      if (workflow === "" || of === workflow) found.set(status, (found.get(status) ?? 0) + runs);
    }
    return found;
  }, [counts, workflow]);
}

/** The histogram of the runs that fit: of the time that is filtered by, else of the span before now. */
export function useHistogram(view: View) {
  const { created_after, created_before, ...filter } = queryOf(view);
  const key = { ...filter, after: created_after, before: created_before, span: view.span };
  return useQuery({
    queryKey: ["runs", "histogram", key],
    queryFn: async ({ signal }) => {
      const to = created_before ?? new Date().toISOString();
      const from = created_after ?? new Date(Date.parse(to) - SPANS[view.span] * HOUR).toISOString();
      const query = { ...filter, from, to, buckets: BUCKETS };
      const { data } = await client.GET("/api/v1/runs/histogram", { params: { query }, signal });
      return data;
    },
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}
