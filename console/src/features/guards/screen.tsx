/** Guards: a place to try a text, what was found, and what is done where. */
import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Page } from "@/kit/page";
import { guards as text } from "@/strings/guards";
import { names } from "@/strings/names";
import { Findings } from "./findings";
import { Rules } from "./rules";
import { TryText } from "./try-text";

const TABS = ["try", "findings", "rules"] as const;

export default function GuardsScreen() {
  const search = useSearch({ strict: false }) as { tab?: string };
  const navigate = useNavigate();
  const tab = TABS.find((name) => name === search.tab) ?? "try";
  return (
    <Page title={names.guards}>
      <Tabs value={tab} onChange={(next) => void navigate({ to: "/guards", search: { tab: next ?? "try" } })}>
        <Tabs.List aria-label={text.tabsLabel} mb="md">
          {TABS.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {text.tabs[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="try">
          <TryText />
        </Tabs.Panel>
        <Tabs.Panel value="findings">{tab === "findings" && <Findings />}</Tabs.Panel>
        <Tabs.Panel value="rules">{tab === "rules" && <Rules />}</Tabs.Panel>
      </Tabs>
    </Page>
  );
}
