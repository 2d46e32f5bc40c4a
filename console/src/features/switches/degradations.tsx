/** Agents that begin on a lower rung after repeated failures. */
import { notifications } from "@mantine/notifications";
import { $api, client, type Schema } from "@/api/client";
import { useCan, useMe } from "@/app/session";
import { ActButton } from "@/kit/act-button";
import { type Column, Listing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { useRefresh } from "@/kit/refresh";
import { Loaded, Nothing } from "@/kit/states";
import { switches as text } from "@/strings/switches";

const LIST = "/api/v1/switches/degradations";

type Degradation = Schema<"Degradation">;

const COLUMNS: readonly Column<Degradation>[] = [
  { header: text.agent, className: "mono", cell: ({ agent }) => agent },
  { header: text.level, className: "numeric", cell: ({ level }) => level },
  { header: text.reason, cell: ({ reason }) => reason },
  { header: text.probe, cell: ({ probe_at }) => <Moment at={probe_at} /> },
];
const RESTORE: Column<Degradation> = { header: text.actions, cell: (one) => <Restore of={one} /> };

export function Degradations() {
  const throws = useCan()("switches:throw");
  const query = $api.useQuery("get", LIST, {}, { refetchInterval: 5_000 });
  return (
    <Loaded query={query}>
      {({ items }) => (
        <Listing
          label={text.tabs.degradations}
          columns={throws ? [...COLUMNS, RESTORE] : COLUMNS}
          rows={items}
          keyOf={({ tenant, agent }) => `${tenant} ${agent}`}
          width={560}
          rowTestId="degradation"
          empty={<Nothing title={text.noDegradations} hint={text.noDegradationsHint} />}
        />
      )}
    </Loaded>
  );
}

function Restore({ of }: { readonly of: Degradation }) {
  const own = useMe()?.tenant_id;
  const refresh = useRefresh(LIST);
  async function restore() {
    const named = { agent: of.agent, ...(of.tenant !== own && { tenant: of.tenant }) };
    await client.POST("/api/v1/switches/restore", { body: named });
    notifications.show({ message: text.restored(of.agent), color: "green" });
    void refresh();
  }
  return <ActButton label={text.restore} about={of.agent} onAct={restore} />;
}
