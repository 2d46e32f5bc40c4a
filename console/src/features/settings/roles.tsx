/** What each role allows, as the server's rules say, and what oneself may do. */
import { Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { $api, type Schema } from "@/api/client";
import { ME_FRESH, useMe } from "@/app/session";
import { type Column, Listing } from "@/kit/listing";
import { Page } from "@/kit/page";
import { Section } from "@/kit/section";
import { Loaded } from "@/kit/states";
import { names } from "@/strings/names";
import { roles as text } from "@/strings/settings";
import { allowedBy, permissionsOf } from "./matrix";

type Role = Schema<"RoleShown">;

function columnsOf(roles: readonly Role[]): Column<string>[] {
  return [
    { header: text.permission, cell: (permission) => <span className="mono">{permission}</span> },
    ...roles.map(
      (role): Column<string> => ({
        header: role.name,
        cell: (permission) => <Cell permission={permission} role={role} />,
      }),
    ),
  ];
}

function Cell({ permission, role }: { readonly permission: string; readonly role: Role }) {
  const isAllowed = allowedBy(role, permission);
  return (
    <span data-cell={`${permission} ${role.name}`} data-allowed={isAllowed}>
      {isAllowed && <IconCheck size={16} role="img" aria-label={text.yes} />}
    </span>
  );
}

export default function RolesScreen() {
  const me = useMe();
  const query = $api.useQuery("get", "/api/v1/roles", {}, ME_FRESH);
  return (
    <Page title={names.roles} summary={text.summary}>
      <Text size="sm" c="dimmed">
        {text.note}
      </Text>
      <Loaded query={query}>
        {({ items }) => (
          <Listing
            label={names.roles}
            columns={columnsOf(items)}
            rows={permissionsOf(items)}
            keyOf={(permission) => permission}
            empty={null}
          />
        )}
      </Loaded>
      <Section title={text.yours}>
        <Text size="sm" c="dimmed">
          {text.yoursHint}
        </Text>
        <Text size="sm" className="mono" style={{ overflowWrap: "anywhere" }}>
          {me?.permissions.join(", ")}
        </Text>
      </Section>
    </Page>
  );
}
