import { IconToggleRight } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const switchesScreens: readonly Screen[] = [
  {
    path: "/switches",
    name: names.switches,
    group: "governance",
    icon: IconToggleRight,
    permission: "switches:read",
    load: () => import("./screen"),
  },
];
