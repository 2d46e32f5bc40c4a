/** Saved views in the storage of this browser. */
import { type Search, searchOf, type View, viewOf } from "./filters";

const PLACE = "pilothouse.runs.views";

export interface KeptView {
  readonly name: string;
  readonly view: View;
}

/** The views that are kept; none where the storage holds something else or cannot be read. */
export function keptViews(): readonly KeptView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept
      .filter((item): item is { name: string; search: Search } => typeof item?.name === "string")
      .map(({ name, search }) => ({ name, view: viewOf(search ?? {}) }));
  } catch {
    return [];
  }
}

/** Keep these views; whether the browser could. */
export function keepViews(views: readonly KeptView[]): boolean {
  try {
    const told = views.map(({ name, view }) => ({ name, search: searchOf(view) }));
    localStorage.setItem(PLACE, JSON.stringify(told));
    return true;
  } catch {
    return false;
  }
}
