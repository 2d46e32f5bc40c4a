import { IconListDetails } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const runsScreens: readonly Screen[] = [
  {
    path: "/runs",
    name: names.runs,
    group: "work",
    icon: IconListDetails,
    permission: "runs:read",
    load: () => import("./screen"),
  },
];
