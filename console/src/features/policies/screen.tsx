/** Policies: which versions there are and what holds, what was changed, what was decided, and why something would be. */
import { Badge, Button, Card, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Page } from "@/kit/page";
import { Loaded } from "@/kit/states";
import { AddressTabs } from "@/kit/tabs";
import { policies as text } from "@/strings/policies";
import { Decisions } from "./decisions";
import { ExplainTab } from "./explain";
import { Changes, Versions } from "./lists";
import { usePolicyState } from "./queries";
import { RollbackDialog } from "./rollback";

export default function PoliciesScreen() {
  const canManage = useCan()("policies:manage");
  const state = usePolicyState();
  const [isRolling, setRolling] = useState(false);
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
      <AddressTabs
        tabs={[
          { name: "versions", label: text.tabs.versions, content: <Versions canManage={canManage} /> },
          { name: "changes", label: text.tabs.changes, content: <Changes /> },
          { name: "decisions", label: text.tabs.decisions, content: <Decisions /> },
          { name: "explain", label: text.tabs.explain, content: <ExplainTab /> },
        ]}
      />
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
