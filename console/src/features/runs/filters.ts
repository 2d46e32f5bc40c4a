/** Which runs are looked at: as the address says it, as the API is asked, and as an order to many runs says it. */
import type { Schema } from "@/api/client";
import type { paths } from "@/api/schema.gen";

export type Status = Schema<"RunStatus">;
export type Query = NonNullable<paths["/api/v1/runs"]["get"]["parameters"]["query"]>;
export type Body = Schema<"RunFilter">;

export const STATUSES: readonly Status[] = [
  "queued",
  "running",
  "waiting",
  "completed",
  "failed",
  "cancelled",
];
export const SORTS = ["newest", "oldest", "changed"] as const;
export type Sort = (typeof SORTS)[number];

/** The stretches of time before now that the histogram can show, in hours. */
export const SPANS = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 } as const;
export type Span = keyof typeof SPANS;

export interface Filters {
  readonly status: readonly Status[];
  readonly workflow: string;
  readonly version: string;
  readonly principal: string;
  /** Each as `key=value`. */
  readonly labels: readonly string[];
  /** RFC 3339. */
  readonly after: string;
  readonly before: string;
  readonly asks: boolean;
  readonly id: string;
}

export interface View extends Filters {
  readonly sort: Sort;
  readonly span: Span;
}

export const NO_FILTERS: Filters = {
  status: [],
  workflow: "",
  version: "",
  principal: "",
  labels: [],
  after: "",
  before: "",
  asks: false,
  id: "",
};

export type Search = Readonly<Record<string, unknown>>;

/** What an address says. What it says that makes no sense is left out. */
export function viewOf(search: Search): View {
  const workflow = textOf(search.workflow);
  return {
    status: listOf(search.status).filter((item): item is Status => STATUSES.some((known) => known === item)),
    workflow,
    version: workflow !== "" && /^[1-9]\d{0,8}$/.test(textOf(search.version)) ? textOf(search.version) : "",
    principal: textOf(search.principal),
    labels: listOf(search.labels).filter(isLabel),
    after: momentOf(search.after),
    before: momentOf(search.before),
    asks: search.asks === true || textOf(search.asks) === "true",
    id: isIdPart(textOf(search.id)) ? textOf(search.id) : "",
    sort: SORTS.find((sort) => sort === search.sort) ?? "newest",
    span: Object.hasOwn(SPANS, textOf(search.span)) ? (search.span as Span) : "24h",
  };
}

/** What the address says of a view: nothing of what is usual. */
export function searchOf(view: View): Record<string, string | boolean> {
  const said: Record<string, string | boolean> = {
    status: view.status.join(","),
    workflow: view.workflow,
    version: view.workflow === "" ? "" : view.version,
    principal: view.principal,
    labels: view.labels.join(","),
    after: view.after,
    before: view.before,
    asks: view.asks,
    id: view.id,
    sort: view.sort === "newest" ? "" : view.sort,
    span: view.span === "24h" ? "" : view.span,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== "" && value !== false));
}

/** The filter as a query of the API. */
export function queryOf(filters: Filters): Query {
  const { status, ...others } = bodyOf(filters);
  return status && status.length > 0 ? { ...others, status } : others;
}

/** The filter as an order to many runs says it. */
export function bodyOf(filters: Filters): Body {
  const { status, workflow, version, principal, labels, after, before, asks, id } = filters;
  return {
    ...(status.length > 0 && { status: [...status] }),
    ...(workflow && { workflow }),
    ...(workflow && version && { version: Number(version) }),
    ...(principal && { principal }),
    ...(labels.length > 0 && { label: labels.map((label) => label.replace("=", ":")) }),
    ...(after && { created_after: after }),
    ...(before && { created_before: before }),
    ...(asks && { has_open_questions: true }),
    ...(id && { id_prefix: id }),
  };
}

/** How many things are filtered by. */
export function countOf(filters: Filters): number {
  const { status, labels } = filters;
  const others = [filters.workflow, filters.version, filters.principal, filters.id].filter(Boolean).length;
  return (
    (status.length > 0 ? 1 : 0) +
    labels.length +
    others +
    (filters.after || filters.before ? 1 : 0) +
    Number(filters.asks)
  );
}

/** The filters of a view alone. */
export function filtersOf({ sort: _sort, span: _span, ...filters }: View): Filters {
  return filters;
}

/** `key=value`, as the API takes keys. */
export function isLabel(label: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?=[^,]{1,255}$/.test(label);
}

/** The beginning of an id, of four characters or more. */
export function isIdPart(text: string): boolean {
  return /^[0-9A-Fa-f-]{4,36}$/.test(text) && text.replaceAll("-", "").length <= 32;
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
}

function listOf(value: unknown): readonly string[] {
  const items = Array.isArray(value) ? value.map(textOf) : textOf(value).split(",");
  return [...new Set(items.map((item) => item.trim()).filter(Boolean))];
}

function momentOf(value: unknown): string {
  const moment = Date.parse(textOf(value));
  return Number.isNaN(moment) ? "" : new Date(moment).toISOString();
}
