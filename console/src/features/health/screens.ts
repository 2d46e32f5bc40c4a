import { IconHeartbeat, IconPlugConnectedX } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const healthScreens: readonly Screen[] = [
  {
    path: "/operations/health",
    name: names.health,
    group: "operations",
    icon: IconHeartbeat,
    permission: "installation:read",
    load: () => import("./screen"),
  },
  {
    path: "/operations/breakers",
    name: names.breakers,
    group: "operations",
    icon: IconPlugConnectedX,
    permission: "installation:read",
    load: () => import("./breakers"),
  },
];
