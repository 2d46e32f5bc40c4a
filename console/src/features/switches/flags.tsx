/** Feature flags: which are set, for whom, and for what share of their subjects. */
import { Badge, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan, useMe } from "@/app/session";
import { Sure } from "@/kit/confirm";
import { type Column, Listing, RowActions } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { useRefresh } from "@/kit/refresh";
import { Loaded, Nothing } from "@/kit/states";
import { switches as text } from "@/strings/switches";
import { FlagForm } from "./flag-form";

type Flag = Schema<"Flag">;

const LIST = "/api/v1/flags";

export function FlagList() {
  const manages = useCan()("switches:manage");
  const query = $api.useQuery("get", LIST, {}, { refetchInterval: 10_000 });
  const [edited, setEdited] = useState<Flag | "new" | null>(null);
  const [removed, setRemoved] = useState<Flag | null>(null);
  const actions = (flag: Flag) => (
    <RowActions>
      <Button size="compact-sm" variant="default" onClick={() => setEdited(flag)}>
        {text.editFlag}
      </Button>
      <Button size="compact-sm" variant="light" color="red" onClick={() => setRemoved(flag)}>
        {text.removeFlag}
      </Button>
    </RowActions>
  );
  return (
    <Stack>
      {manages && (
        <Group justify="flex-end">
          <Button onClick={() => setEdited("new")} data-testid="set-flag">
            {text.setFlag}
          </Button>
        </Group>
      )}
      <Modal opened={edited !== null} onClose={() => setEdited(null)} title={text.setFlag}>
        {edited !== null && (
          <FlagForm known={edited === "new" ? undefined : edited} done={() => setEdited(null)} />
        )}
      </Modal>
      {removed && <Remove flag={removed} done={() => setRemoved(null)} />}
      <Loaded query={query}>
        {({ items }) => (
          <Listing
            label={text.tabs.flags}
            columns={manages ? [...COLUMNS, { header: text.actions, cell: actions }] : COLUMNS}
            rows={items}
            keyOf={({ name, tenant }) => `${name} ${tenant}`}
            width={640}
            rowTestId="flag"
            empty={<Nothing title={text.noFlags} hint={text.noFlagsHint} />}
          />
        )}
      </Loaded>
    </Stack>
  );
}

const COLUMNS: readonly Column<Flag>[] = [
  { header: text.flagName, className: "mono", cell: ({ name }) => name },
  { header: text.enabled, cell: (flag) => <State flag={flag} /> },
  { header: text.tenant, cell: ({ tenant }) => (tenant === "*" ? text.allTenants : tenant) },
  { header: text.why, cell: ({ why }) => <Broken>{why}</Broken> },
  {
    header: text.changedBy,
    cell: ({ changed_by, changed_at }) => (
      <>
        <Broken>{changed_by}</Broken>
        <Moment at={changed_at} />
      </>
    ),
  },
];

function Broken({ children }: { readonly children: string }) {
  return (
    <Text size="sm" style={{ overflowWrap: "anywhere" }}>
      {children}
    </Text>
  );
}

function State({ flag }: { readonly flag: Flag }) {
  const share = flag.percentage === null || flag.percentage === undefined ? null : String(flag.percentage);
  return (
    <Group gap={6} wrap="nowrap">
      <Badge variant="light" color={flag.enabled ? "green" : "gray"}>
        {flag.enabled ? text.enabled : text.disabled}
      </Badge>
      {flag.enabled && <Text size="sm">{share === null ? text.forAll : text.shareOf(share)}</Text>}
    </Group>
  );
}

function Remove({ flag, done }: { readonly flag: Flag; readonly done: () => void }) {
  const own = useMe()?.tenant_id;
  const refresh = useRefresh(LIST);
  const query = { name: flag.name, ...(flag.tenant && flag.tenant !== own && { tenant: flag.tenant }) };
  async function remove() {
    await client.DELETE(LIST, { params: { query } });
    notifications.show({ message: text.flagRemoved, color: "green" });
    void refresh();
  }
  return (
    <Sure
      title={text.removeTitle(flag.name)}
      what={text.removeWhat}
      action={text.removeFlag}
      onSure={remove}
      onClose={done}
    />
  );
}
