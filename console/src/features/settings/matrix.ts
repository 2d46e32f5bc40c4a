/** What each role allows, as docs/guides/roles.md tells it: the API tells only what oneself may do. A test compares both. */

/** A role, or the further rights that a variant of it brings. */
export const COLUMNS = ["viewer", "operator", "approver", "privacy", "author", "admin"] as const;
export type RoleColumn = (typeof COLUMNS)[number];

const ALL: readonly RoleColumn[] = COLUMNS;
const WORK: readonly RoleColumn[] = ["operator", "author", "admin"];
const ANSWER: readonly RoleColumn[] = ["operator", "approver", "privacy", "admin"];
const OPERATE: readonly RoleColumn[] = ["operator", "admin"];
const ADMIN: readonly RoleColumn[] = ["admin"];

/** The permissions, in groups of what they are about, each with the roles that have it. */
export const MATRIX: readonly (readonly [permission: string, roles: readonly RoleColumn[]])[] = [
  ["runs:read", ALL],
  ["runs:submit", WORK],
  ["runs:operate", OPERATE],
  ["artifacts:read", ALL],
  ["uploads:read", ALL],
  ["content:write", WORK],
  ["questions:read", ALL],
  ["questions:answer", ANSWER],
  ["personal:read", ["privacy", "admin"]],
  ["feedback:read", ALL],
  ["feedback:give", ["operator", "approver", "privacy", "author", "admin"]],
  ["catalogue:read", ALL],
  ["schedules:read", ALL],
  ["schedules:manage", WORK],
  ["models:use", WORK],
  ["models:read", ALL],
  ["models:manage", ADMIN],
  ["prompts:read", ALL],
  ["prompts:manage", ["author", "admin"]],
  ["experiments:read", ALL],
  ["experiments:stop", OPERATE],
  ["experiments:manage", ADMIN],
  ["usage:read", ALL],
  ["budgets:read", ALL],
  ["budgets:manage", ADMIN],
  ["policies:read", ALL],
  ["policies:manage", ADMIN],
  ["guards:read", ALL],
  ["switches:read", ALL],
  ["switches:throw", OPERATE],
  ["switches:manage", ADMIN],
  ["audit:read", ADMIN],
  ["audit:export", ADMIN],
  ["audit:manage", ADMIN],
  ["engagements:read", ALL],
  ["engagements:manage", ADMIN],
  ["notifications:read", OPERATE],
  ["notifications:manage", ADMIN],
  ["retention:read", ALL],
  ["retention:manage", ADMIN],
  ["tenant:read", ALL],
  ["jobs:read", ALL],
  ["people:manage", ADMIN],
  ["keys:manage", ADMIN],
  ["self:use", ALL],
];

/** What those of the tenant that looks after the installation may do besides. */
export const INSTALLATION: readonly (readonly [permission: string, roles: readonly RoleColumn[]])[] = [
  ["installation:read", OPERATE],
  ["installation:operate", ADMIN],
  ["tenants:manage", ADMIN],
];
