import { IconCpu } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const modelsScreens: readonly Screen[] = [
  {
    path: "/models",
    name: names.models,
    group: "models",
    icon: IconCpu,
    permission: "models:read",
    load: () => import("./screen"),
  },
];
