/** The parts of a run's screen that every run has, beside the first one. */
import { inspect } from "@/strings/inspect";
import type { RunTab } from "./tab";

const { tabs: names } = inspect;

export const TABS: readonly RunTab[] = [
  { id: "graph", name: names.graph, load: () => import("./inspect/graph") },
  { id: "timeline", name: names.timeline, load: () => import("./inspect/timeline") },
  { id: "artifacts", name: names.artifacts, load: () => import("./inspect/artifacts") },
  { id: "journal", name: names.journal, load: () => import("./inspect/journal") },
  { id: "logs", name: names.logs, load: () => import("./inspect/logs") },
  { id: "trace", name: names.trace, load: () => import("./inspect/trace") },
  { id: "compare", name: names.compare, load: () => import("./inspect/compare") },
];
