/** The spans of a trace as bars: each below the one around it, in the order of their beginnings. */
import type { Schema } from "@/api/client";
import type { Bar } from "./timeline-model";

/** As a client reads it: a pair is a list there. */
export type Span = Omit<Schema<"TraceSpan">, "entries"> & { readonly entries: readonly number[] };

export function barsOfSpans(spans: readonly Span[]): Bar[] {
  const known = new Set(spans.map(({ span_id }) => span_id));
  const children = new Map<string | null, Span[]>();
  for (const span of spans) {
    const parent = span.parent_id !== null && known.has(span.parent_id) ? span.parent_id : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(span);
    else children.set(parent, [span]);
  }
  const outer = new Set(["run", "turn"]);
  const bars: Bar[] = [];
  const add = (parent: string | null, depth: number) => {
    for (const span of children.get(parent) ?? []) {
      const isOuter = outer.has(span.kind) || children.has(span.span_id);
      bars.push({
        id: span.span_id,
        label: span.name,
        depth,
        begin: Date.parse(span.started_at),
        end: span.ended_at === null ? null : Date.parse(span.ended_at),
        exact: span.exact,
        tone: toneOf(span, isOuter),
        waits: [],
        said: saidBy(span),
        seq: span.entries[0] ?? 1,
      });
      add(span.span_id, depth + 1);
    }
  };
  add(null, 0);
  return bars;
}

function toneOf(span: Span, isOuter: boolean): Bar["tone"] {
  if (span.status === "failed") return "failed";
  if (span.kind === "ask" || span.kind === "sleep") return "wait";
  return isOuter ? "outer" : "work";
}

function saidBy({ error, error_code }: Span): string | null {
  if (!error && !error_code) return null;
  return [error_code, error].filter(Boolean).join(": ");
}
