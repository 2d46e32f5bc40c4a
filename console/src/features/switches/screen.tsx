/** Switches: kill switches, flags, and agents that stand on a lower rung. */
import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Page } from "@/kit/page";
import { names } from "@/strings/names";
import { switches as text } from "@/strings/switches";
import { Degradations } from "./degradations";
import { FlagList } from "./flags";
import { Kills } from "./kills";

const TABS = ["kills", "flags", "degradations"] as const;

export default function SwitchesScreen() {
  const search = useSearch({ strict: false }) as { tab?: string };
  const navigate = useNavigate();
  const tab = TABS.find((name) => name === search.tab) ?? "kills";
  return (
    <Page title={names.switches}>
      <Tabs
        value={tab}
        onChange={(next) => void navigate({ to: "/switches", search: { tab: next ?? "kills" } })}
        keepMounted={false}
      >
        <Tabs.List aria-label={text.tabsLabel} mb="md">
          {TABS.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {text.tabs[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="kills">
          <Kills />
        </Tabs.Panel>
        <Tabs.Panel value="flags">
          <FlagList />
        </Tabs.Panel>
        <Tabs.Panel value="degradations">
          <Degradations />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
