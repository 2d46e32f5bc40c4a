import { IconChecklist } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const evaluationsScreens: readonly Screen[] = [
  {
    path: "/evaluations",
    name: names.evaluations,
    group: "models",
    icon: IconChecklist,
    permission: "prompts:read",
    load: () => import("./screen"),
  },
];
