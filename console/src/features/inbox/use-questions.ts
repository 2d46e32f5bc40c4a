/** The questions of the inbox: which are wanted, how many there are, and when to ask for them again. */
import { useInfiniteQuery, useQueries, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { type Connection, follow } from "@/api/stream";
import { useMe } from "@/app/session";
import { rolesOf } from "./may";

export type Question = Schema<"Question">;

export const VIEWS = ["mine", "roles", "all", "closed"] as const;
export type View = (typeof VIEWS)[number];

const PAGE = 50;
const LIST = "/api/v1/questions";
const ONE = "/api/v1/questions/{question_id}";
const EVENTS = "/api/v1/events?kind=asked&kind=answered&kind=withdrawn&kind=expired";
/** Milliseconds within which several events make one look. */
const PAUSE = 400;
/** Milliseconds between looks while there is no stream. */
const ANEW = 5_000;

export function viewOf(text: string | undefined): View {
  return VIEWS.find((view) => view === text) ?? "mine";
}

export interface Listed {
  readonly items: readonly Question[];
  /** Whether there are more than those. */
  readonly more: boolean;
  readonly loadMore: () => void;
}

const WANTED = {
  mine: { mine: true },
  all: { status: ["open" as const] },
  closed: { status: ["answered" as const, "withdrawn" as const, "expired" as const] },
};

/** Open questions, or closed ones, page by page. */
export function useQuestions(view: Exclude<View, "roles">, enabled: boolean, live: boolean) {
  const query = useInfiniteQuery({
    queryKey: ["get", LIST, view, "pages"],
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query = { ...WANTED[view], limit: PAGE, ...(cursor !== undefined && { cursor }) };
      const { data } = await client.GET(LIST, { params: { query }, signal });
      return data as Schema<"Page_Question_">;
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: live ? false : ANEW,
    enabled,
  });
  const data: Listed | undefined = query.data && {
    items: query.data.pages.flatMap((page) => page.items),
    more: query.hasNextPage,
    loadMore: () => void query.fetchNextPage(),
  };
  return { data, error: query.error, isPending: query.isPending, refetch: query.refetch };
}

/** Open questions that name one of the roles of approvers that somebody has, the newest first. */
export function useQuestionsOfRoles(live: boolean) {
  const roles = rolesOf(useMe());
  const results = useQueries({
    queries: roles.map((role) =>
      $api.queryOptions(
        "get",
        LIST,
        { params: { query: { status: ["open"], role, limit: 200 } } },
        { refetchInterval: live ? false : ANEW },
      ),
    ),
  });
  const isPending = results.some((result) => result.isPending);
  const error = results.find((result) => result.error)?.error;
  const items = results.flatMap((result) => result.data?.items ?? []);
  items.sort((one, other) => other.created_at.localeCompare(one.created_at));
  const more = results.some((result) => result.data?.next_cursor);
  const data: Listed | undefined =
    isPending || error ? undefined : { items, more, loadMore: () => undefined };
  const refetch = () => Promise.all(results.map((result) => result.refetch()));
  return { data, error, isPending, refetch, roles };
}

/** One question. Each look is recorded by the server, so that it is asked for again only where it may differ. */
export function useQuestion(id: string, known?: Question, enabled = true) {
  return $api.useQuery(
    "get",
    ONE,
    { params: { path: { question_id: id } } },
    { refetchOnWindowFocus: false, staleTime: 30_000, enabled, ...(known && { placeholderData: known }) },
  );
}

/** Look again at all lists of questions, and at the one that is shown. */
export function useAskAnew(): (id?: string) => void {
  const queries = useQueryClient();
  return (id) => {
    void queries.invalidateQueries({ queryKey: ["get", LIST] });
    if (id)
      void queries.invalidateQueries({ queryKey: ["get", ONE, { params: { path: { question_id: id } } }] });
  };
}

/** Keep the lists as they are: whenever any run asks, is answered or asks no more. */
export function useLiveQuestions(shown: Question | undefined): Connection {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = follow(EVENTS, {
      onState: setConnection,
      onEvents: (events) => {
        const runs = events.map(({ data }) => (JSON.parse(data) as Schema<"TenantEntry">).run_id);
        setTouched(new Set(runs));
        timer ??= setTimeout(() => {
          timer = undefined;
          void queries.invalidateQueries({ queryKey: ["get", LIST] });
        }, PAUSE);
      },
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [queries]);
  const [id, run] = [shown?.id, shown?.run_id];
  useEffect(() => {
    if (id === undefined || run === undefined || !touched.has(run)) return;
    void queries.invalidateQueries({ queryKey: ["get", ONE, { params: { path: { question_id: id } } }] });
  }, [touched, id, run, queries]);
  return connection;
}
