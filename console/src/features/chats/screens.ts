import { IconMessageCircleShare } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const chatsScreens: readonly Screen[] = [
  {
    path: "/chats",
    name: names.chats,
    group: "work",
    icon: IconMessageCircleShare,
    permission: "chats:manage",
    load: () => import("./screen"),
  },
];
