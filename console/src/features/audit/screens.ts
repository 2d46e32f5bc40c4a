import { IconShieldCheck } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const auditScreens: readonly Screen[] = [
  {
    path: "/audit",
    name: names.audit,
    group: "governance",
    icon: IconShieldCheck,
    permission: "audit:read",
    load: () => import("./screen"),
  },
];
