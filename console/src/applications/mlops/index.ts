/** What the MLOps architect brings: the design of a run. */
import type { Application } from "@/applications";
import { mlops as text } from "@/strings/mlops";

export const mlops: Application = {
  workflows: ["mlops"],
  tabs: [{ id: "design", name: text.tab, load: () => import("./design") }],
};
