/** What the support desk brings: the conversation of a run. */
import type { Application } from "@/applications";
import { support as text } from "@/strings/support";

export const support: Application = {
  workflows: ["support"],
  tabs: [{ id: "conversation", name: text.tab, load: () => import("./view") }],
};
