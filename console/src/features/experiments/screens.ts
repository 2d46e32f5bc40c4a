import { IconFlask } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const experimentsScreens: readonly Screen[] = [
  {
    path: "/experiments",
    name: names.experiments,
    group: "models",
    icon: IconFlask,
    permission: "experiments:read",
    load: () => import("./list"),
  },
  {
    path: "/experiments/new",
    name: names.experiments,
    icon: IconFlask,
    permission: "experiments:manage",
    load: () => import("./new"),
  },
  {
    path: "/experiments/$experimentId",
    name: names.experiments,
    icon: IconFlask,
    permission: "experiments:read",
    load: () => import("./experiment"),
  },
];
