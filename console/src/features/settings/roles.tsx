/** What each role allows, and what oneself may do. */
import { Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useMe } from "@/app/session";
import { type Column, Listing } from "@/kit/listing";
import { Page } from "@/kit/page";
import { Section } from "@/kit/section";
import { names } from "@/strings/names";
import { roles as text } from "@/strings/settings";
import { COLUMNS, INSTALLATION, MATRIX, type RoleColumn } from "./matrix";

type Line = (typeof MATRIX)[number];

const LABELS: Record<RoleColumn, string> = {
  ...{ viewer: "viewer", operator: "operator", approver: "approver", privacy: "approver:privacy" },
  ...{ author: "author", admin: "admin" },
};

const TABLE: Column<Line>[] = [
  { header: text.permission, cell: ([permission]) => <span className="mono">{permission}</span> },
  ...COLUMNS.map(
    (role): Column<Line> => ({
      header: LABELS[role],
      cell: ([permission, allowed]) => (
        <span data-cell={`${permission} ${LABELS[role]}`} data-allowed={allowed.includes(role)}>
          {allowed.includes(role) && <IconCheck size={16} role="img" aria-label={text.yes} />}
        </span>
      ),
    }),
  ),
];

export default function RolesScreen() {
  const me = useMe();
  return (
    <Page title={names.roles} summary={text.summary}>
      <Text size="sm" c="dimmed">
        {text.note}
      </Text>
      <Listing
        label={names.roles}
        columns={TABLE}
        rows={[...MATRIX, ...INSTALLATION]}
        keyOf={([permission]) => permission}
        empty={null}
      />
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
