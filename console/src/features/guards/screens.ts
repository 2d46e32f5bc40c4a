import { IconShieldSearch } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const guardsScreens: readonly Screen[] = [
  {
    path: "/guards",
    name: names.guards,
    group: "governance",
    icon: IconShieldSearch,
    permission: "guards:read",
    load: () => import("./screen"),
  },
];
