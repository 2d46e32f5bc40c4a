import { IconServer2 } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const workersScreens: readonly Screen[] = [
  {
    path: "/operations/workers",
    name: names.workers,
    group: "operations",
    icon: IconServer2,
    permission: "installation:read",
    load: () => import("./screen"),
  },
];
