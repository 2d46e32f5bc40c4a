import { IconInbox } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

const shared = { icon: IconInbox, permission: "questions:read", load: () => import("./screen") } as const;

export const inboxScreens: readonly Screen[] = [
  { path: "/inbox", name: names.inbox, group: "work", ...shared },
  { path: "/inbox/$questionId", name: names.question, ...shared },
];
