import {
  IconBell,
  IconBriefcase,
  IconBuilding,
  IconClipboardCheck,
  IconGauge,
  IconKey,
  IconTrash,
  IconUser,
  IconUserShield,
  IconUsers,
} from "@tabler/icons-react";
import type { Screen } from "@/app/screen";
import { names } from "@/strings/names";

const group = "settings";

export const settingsScreens: readonly Screen[] = [
  {
    ...{ path: "/settings/account", name: names.account, group, icon: IconUser },
    permission: "self:use",
    load: () => import("./account"),
  },
  {
    ...{ path: "/settings/people", name: names.people, group, icon: IconUsers },
    permission: "people:manage",
    load: () => import("./people"),
  },
  {
    ...{ path: "/settings/roles", name: names.roles, group, icon: IconUserShield },
    permission: "self:use",
    load: () => import("./roles"),
  },
  {
    ...{ path: "/settings/keys", name: names.keys, group, icon: IconKey },
    permission: "keys:manage",
    load: () => import("./keys"),
  },
  {
    ...{ path: "/settings/engagements", name: names.engagements, group, icon: IconBriefcase },
    permission: "engagements:read",
    load: () => import("./engagements"),
  },
  {
    ...{ path: "/settings/notifications", name: names.notifications, group, icon: IconBell },
    permission: "notifications:read",
    load: () => import("./notifications"),
  },
  {
    ...{ path: "/settings/retention", name: names.retention, group, icon: IconTrash },
    permission: "retention:read",
    load: () => import("./retention"),
  },
  {
    ...{ path: "/settings/limits", name: names.limits, group, icon: IconGauge },
    permission: "installation:read",
    load: () => import("./limits"),
  },
  {
    ...{ path: "/settings/tenants", name: names.tenants, group, icon: IconBuilding },
    permission: "tenants:manage",
    load: () => import("./tenants"),
  },
  {
    ...{ path: "/settings/tenants/$tenantId", name: names.tenant, icon: IconBuilding },
    permission: "tenants:manage",
    load: () => import("./tenant"),
  },
  {
    ...{ path: "/settings/attestations", name: names.attestations, group, icon: IconClipboardCheck },
    permission: "installation:read",
    load: () => import("./attestations"),
  },
];
