import { IconActivity } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const runScreens: readonly Screen[] = [
  {
    path: "/runs/$runId",
    name: names.run,
    icon: IconActivity,
    permission: "runs:read",
    load: () => import("./screen"),
  },
];
