import { IconCoins } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const budgetsScreens: readonly Screen[] = [
  {
    path: "/budgets",
    name: names.budgets,
    group: "governance",
    icon: IconCoins,
    permission: "budgets:read",
    load: () => import("./screen"),
  },
  {
    path: "/budgets/$budgetId",
    name: names.budget,
    icon: IconCoins,
    permission: "budgets:read",
    load: () => import("./detail"),
  },
];
