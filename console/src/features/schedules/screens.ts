import { IconCalendarClock } from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

export const schedulesScreens: readonly Screen[] = [
  {
    path: "/schedules",
    name: names.schedules,
    group: "operations",
    icon: IconCalendarClock,
    permission: "schedules:read",
    load: () => import("./screen"),
  },
  {
    path: "/schedules/$scheduleId",
    name: names.schedule,
    icon: IconCalendarClock,
    permission: "schedules:read",
    load: () => import("./one"),
  },
];
