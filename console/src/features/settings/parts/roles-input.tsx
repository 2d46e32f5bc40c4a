/** A field for roles: those that there are, and approvers for one matter by their name. */
import { TagsInput } from "@mantine/core";
import { people as text } from "@/strings/settings";

export const ROLES = ["viewer", "operator", "approver", "approver:privacy", "author", "admin"];
const ROLE = /^(viewer|operator|author|admin|approver(:[a-z][a-z0-9_-]{0,62})?)$/;

/** The first of some roles that there is not. */
export function badRole(roles: readonly string[]): string | undefined {
  return roles.find((role) => !ROLE.test(role));
}

interface RolesInputProps {
  readonly label: string;
  readonly hint: string;
  readonly roles: string[];
  readonly onChange: (roles: string[]) => void;
}

export function RolesInput({ label, hint, roles, onChange }: RolesInputProps) {
  const bad = badRole(roles);
  return (
    <TagsInput
      label={label}
      description={hint}
      data={ROLES}
      value={roles}
      onChange={onChange}
      error={bad === undefined ? undefined : text.badRole(bad)}
      clearable={false}
      acceptValueOnBlur
    />
  );
}
