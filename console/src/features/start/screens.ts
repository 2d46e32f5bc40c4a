import { IconHome } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const startScreens: readonly Screen[] = [
  { path: "/", name: names.start, group: "work", icon: IconHome, load: () => import("./screen") },
];
