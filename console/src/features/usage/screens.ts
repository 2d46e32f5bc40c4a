import { IconCoin } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const usageScreens: readonly Screen[] = [
  {
    path: "/usage",
    name: names.usage,
    group: "models",
    icon: IconCoin,
    permission: "usage:read",
    load: () => import("./screen"),
  },
];
