/** Budgets, what is gone of them, and changes to them. */
import { useQueries } from "@tanstack/react-query";
import { $api, client, type Schema } from "@/api/client";
import { ApiError } from "@/api/problem";
import type { Budget, Usage } from "./amounts";

export const LIST = "/api/v1/budgets";
export const ONE = "/api/v1/budgets/{budget_id}";
const USAGE = "/api/v1/budgets/{budget_id}/usage";
/** Milliseconds between looks at what is spent. */
const EVERY = 5_000;

export function useBudgets() {
  return $api.useQuery("get", LIST, { params: { query: { limit: 200 } } });
}

export function useBudget(id: string) {
  return $api.useQuery("get", ONE, { params: { path: { budget_id: id } } });
}

export function useUsage(id: string) {
  return $api.useQuery("get", USAGE, { params: { path: { budget_id: id } } }, { refetchInterval: EVERY });
}

/** What is spent of each budget, by its id; what is not known yet is left out. */
export function useUsages(budgets: readonly Budget[]): ReadonlyMap<string, readonly Usage[]> {
  const results = useQueries({
    queries: budgets.map(({ id }) =>
      $api.queryOptions("get", USAGE, { params: { path: { budget_id: id } } }, { refetchInterval: EVERY }),
    ),
  });
  return new Map(
    budgets.flatMap(({ id }, place) => {
      const items = results[place]?.data?.items;
      return items ? [[id, items] as const] : [];
    }),
  );
}

/** Somebody else has changed a budget since it was looked at. */
export class Collision extends Error {
  override readonly name = "Collision";
  constructor(readonly present: Budget) {
    super(present.changed_at);
  }
}

/** Change a budget as it was looked at; raises `Collision` with the present one where it is another by now. */
export async function changeBudget(seen: Budget, terms: Schema<"BudgetTerms">): Promise<void> {
  const path = { budget_id: seen.id };
  try {
    const header = { "if-match": `"${seen.changed_at}"` };
    await client.PUT(ONE, { params: { path, header }, body: terms });
  } catch (error) {
    if (!(error instanceof ApiError && error.problem.code === "outdated")) throw error;
    const { data: present } = await client.GET(ONE, { params: { path } });
    if (present === undefined) throw error;
    throw new Collision(present);
  }
}
