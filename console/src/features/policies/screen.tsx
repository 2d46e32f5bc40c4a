/** Policies: which versions there are and what holds, what was changed, what was decided, and why something would be. */
import { Badge, Button, Card, Group, Tabs, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { useAddress } from "@/kit/address";
import { Page } from "@/kit/page";
import { Loaded } from "@/kit/states";
import { policies as text } from "@/strings/policies";
import { Decisions } from "./decisions";
import { ExplainTab } from "./explain";
import { Changes, Versions } from "./lists";
import { usePolicyState } from "./queries";
import { RollbackDialog } from "./rollback";

const TABS = ["versions", "changes", "decisions", "explain"] as const;

export default function PoliciesScreen() {
  const { get, set } = useAddress();
  const canManage = useCan()("policies:manage");
  const state = usePolicyState();
  const [isRolling, setRolling] = useState(false);
  const tab = TABS.find((one) => one === get("tab")) ?? "versions";
  return (
    <Page
      title={text.title}
      summary={text.summary}
      actions={
        canManage && (
          <>
            {typeof state.data?.active === "number" && (
              <Button size="xs" variant="default" onClick={() => setRolling(true)}>
                {text.rollback}
              </Button>
            )}
            <Button size="xs" component={Link} to="/policies/new">
              {text.newDraft}
            </Button>
          </>
        )
      }
    >
      <Loaded query={state}>{(found) => <Holding state={found} />}</Loaded>
      <Tabs
        value={tab}
        onChange={(chosen) => set({ tab: chosen === "versions" || chosen === null ? "" : chosen })}
        keepMounted={false}
      >
        <Tabs.List>
          {TABS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {text.tabs[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="versions" pt="md">
          <Versions canManage={canManage} />
        </Tabs.Panel>
        <Tabs.Panel value="changes" pt="md">
          <Changes />
        </Tabs.Panel>
        <Tabs.Panel value="decisions" pt="md">
          <Decisions />
        </Tabs.Panel>
        <Tabs.Panel value="explain" pt="md">
          <ExplainTab />
        </Tabs.Panel>
      </Tabs>
      {isRolling && state.data && (
        <RollbackDialog active={state.data.active} onClose={() => setRolling(false)} />
      )}
    </Page>
  );
}

/** What holds now. */
function Holding({ state }: { readonly state: Schema<"PolicyState"> }) {
  const shipped = Object.values(state.shipped);
  return (
    <Card withBorder padding="sm" data-testid="policy-state">
      <Group gap="lg">
        <Text size="sm" component="div">
          {text.state.active}{" "}
          <Badge variant="light" color={state.active === null ? "gray" : "green"}>
            {state.active === null ? text.state.none : text.state.version(state.active)}
          </Badge>
        </Text>
        <Text size="sm" component="div">
          {text.state.shadow}{" "}
          <Badge variant="light" color={state.shadow === null ? "gray" : "amber"}>
            {state.shadow === null ? text.state.none : text.state.version(state.shadow)}
          </Badge>
        </Text>
        {shipped.length > 0 && (
          <Text size="sm" component="div">
            {text.state.shipped}{" "}
            <Text span className="mono" size="xs">
              {shipped.join(", ")}
            </Text>
          </Text>
        )}
      </Group>
      {state.active === null && (
        <Text size="sm" c="dimmed" mt={4}>
          {text.state.noActive}
        </Text>
      )}
    </Card>
  );
}
