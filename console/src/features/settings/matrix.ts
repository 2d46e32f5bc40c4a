/** The table of roles and permissions, made of what the server tells of each role. */
import type { Schema } from "@/api/client";

type Role = Pick<Schema<"RoleShown">, "permissions" | "at_home">;

export function allowedBy(role: Role, permission: string): boolean {
  return role.permissions.includes(permission) || role.at_home.includes(permission);
}

/** Every permission that some role has: those of a tenant in order, behind them those of the installation. */
export function permissionsOf(roles: readonly Role[]): string[] {
  const everywhere = new Set(roles.flatMap(({ permissions }) => permissions));
  const atHome = new Set(roles.flatMap(({ at_home }) => at_home).filter((name) => !everywhere.has(name)));
  return [...[...everywhere].sort(), ...[...atHome].sort()];
}
