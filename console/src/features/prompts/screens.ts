import { IconMessageCode } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const promptsScreens: readonly Screen[] = [
  {
    path: "/prompts",
    name: names.prompts,
    group: "models",
    icon: IconMessageCode,
    permission: "prompts:read",
    load: () => import("./list"),
  },
  {
    path: "/prompts/$name",
    name: names.prompts,
    icon: IconMessageCode,
    permission: "prompts:read",
    load: () => import("./prompt"),
  },
];
