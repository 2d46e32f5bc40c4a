/** The list of runs: pages by cursor, each row as it stands now, and how many new ones there are above it. */
import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { client, type Schema } from "@/api/client";
import { queryOf, type View } from "./filters";

export type Run = Schema<"RunSummary">;
type Page = Schema<"Page_RunSummary_">;

/** Runs of a page. */
const PAGE = 200;

/** Runs that are looked at for news. */
const NEWS = 100;

/** After these there may be a run that is not in the list. */
const MAKING = new Set(["submitted", "forked"]);

export interface RunList {
  readonly rows: readonly Run[];
  readonly isPending: boolean;
  readonly error: unknown;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly more: () => void;
  readonly retry: () => void;
  /** How many new runs fit that are not shown, as far as they are looked at. */
  readonly news: number;
  readonly showNews: () => void;
  /** Something has happened: take over what changed, without moving a row. */
  readonly follow: (kinds: ReadonlySet<string>) => void;
  /** Read everything anew, from the top. */
  readonly refresh: () => void;
}

export function useRuns(view: View): RunList {
  const queries = useQueryClient();
  const filter = useMemo(() => queryOf(view), [view]);
  const key = useMemo(() => ["runs", "pages", filter, view.sort], [filter, view.sort]);
  const pages = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => page({ ...filter, sort: view.sort, ...pageParam }, signal),
    initialPageParam: {} as { cursor?: string },
    getNextPageParam: ({ next_cursor }) => (next_cursor ? { cursor: next_cursor } : undefined),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const [changed, setChanged] = useState<ReadonlyMap<string, Run>>(new Map());
  const [news, setNews] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list has other news
  useEffect(() => {
    setChanged(new Map());
    setNews(0);
  }, [key]);

  const data = pages.data;
  const loaded = useMemo(() => uniqueOf(data), [data]);
  const rows = useMemo(() => loaded.map((run) => changed.get(run.id) ?? run), [loaded, changed]);

  const refresh = useCallback(() => {
    setNews(0);
    setChanged(new Map());
    queries.setQueryData<InfiniteData<Page>>(key, (old) => old && firstOf(old));
    void queries.invalidateQueries({ queryKey: key });
  }, [queries, key]);

  const follow = useCallback(
    (kinds: ReadonlySet<string>) => {
      void page({ sort: "changed", limit: NEWS }).then(({ items }) => {
        const known = new Set(loaded.map(({ id }) => id));
        const told = items.filter(({ id }) => known.has(id));
        if (told.length > 0)
          setChanged((before) => new Map([...before, ...told.map((run) => [run.id, run] as const)]));
      }, quiet);
      if (![...kinds].some((kind) => MAKING.has(kind))) return;
      void page({ ...filter, sort: "newest", limit: NEWS }).then(
        ({ items }) => setNews(newsIn(items, loaded)),
        quiet,
      );
    },
    [filter, loaded],
  );

  return {
    rows,
    isPending: pages.isPending,
    error: pages.error,
    hasMore: pages.hasNextPage,
    isLoadingMore: pages.isFetchingNextPage,
    more: () => void pages.fetchNextPage(),
    retry: () => void (loaded.length > 0 ? pages.fetchNextPage() : pages.refetch()),
    news,
    showNews: refresh,
    follow,
    refresh,
  };
}

/** How many of the newest runs are newer than all that are shown. Ids rise with the moment of creation. */
export function newsIn(newest: readonly Pick<Run, "id">[], shown: readonly Pick<Run, "id">[]): number {
  const last = shown.reduce((greatest, { id }) => (id > greatest ? id : greatest), "");
  return newest.filter(({ id }) => id > last).length;
}

async function page(query: Record<string, unknown>, signal?: AbortSignal): Promise<Page> {
  const asked = { limit: PAGE, ...query };
  const { data } = await client.GET("/api/v1/runs", {
    params: { query: asked },
    ...(signal && { signal }),
  });
  return data ?? { items: [] };
}

/** A list by the last change may tell a run once more where it has changed meanwhile. */
function uniqueOf(data: InfiniteData<Page> | undefined): readonly Run[] {
  const seen = new Map<string, Run>();
  for (const { items } of data?.pages ?? []) {
    for (const run of items) if (!seen.has(run.id)) seen.set(run.id, run);
  }
  return [...seen.values()];
}

function firstOf(data: InfiniteData<Page>): InfiniteData<Page> {
  return { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) };
}

/** News that cannot be had are no failure: the next event asks again. */
function quiet(): void {}
