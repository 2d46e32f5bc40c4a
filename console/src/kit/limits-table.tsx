/** Limits of runs: whose runs each counts, and what it allows. */
import type { ReactNode } from "react";
import type { Schema } from "@/api/client";
import { limits as text } from "@/strings/limits";
import { type Column, Listing } from "./listing";

export type Limit = Schema<"Limit">;

interface LimitsTableProps {
  readonly limits: readonly Limit[];
  readonly empty: ReactNode;
  /** What can be done to each. */
  readonly actions?: Column<Limit>;
}

export function LimitsTable({ limits, empty, actions }: LimitsTableProps) {
  const columns: Column<Limit>[] = [
    { header: text.counts, cell: (limit) => whose(limit) },
    { header: text.concurrency, cell: ({ concurrency }) => concurrency ?? text.unlimited },
    {
      header: text.rate,
      cell: ({ rate, per_seconds }) =>
        rate == null ? text.unlimited : text.rateText(rate, per_seconds ?? 1),
    },
  ];
  if (actions) columns.push(actions);
  return <Listing label={text.label} columns={columns} rows={limits} keyOf={limitKey} empty={empty} />;
}

/** Names a limit: there is one for each scope, tenant and workflow. */
export function limitKey({ scope, tenant, workflow }: Limit): string {
  return [scope, tenant ?? "", workflow ?? "*"].join(" ");
}

/** Whose runs a limit counts, in words. */
export function whose({ scope, tenant, workflow = "*" }: Limit): string {
  const runs = workflow === "*" ? text.allRuns : text.runsOf(workflow);
  if (scope === "tenant") return text.ofTenant(runs, tenant ?? "");
  return scope === "each_tenant" ? text.ofEachTenant(runs) : text.ofAll(runs);
}
