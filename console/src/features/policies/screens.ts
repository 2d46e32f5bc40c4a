import { IconScale } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const policiesScreens: readonly Screen[] = [
  {
    path: "/policies",
    name: names.policies,
    group: "governance",
    icon: IconScale,
    permission: "policies:read",
    load: () => import("./screen"),
  },
  {
    // the number of a version, or new
    path: "/policies/$number",
    name: names.policyVersion,
    icon: IconScale,
    permission: "policies:read",
    load: () => import("./version-screen"),
  },
];
