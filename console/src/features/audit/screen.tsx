/** The audit log: its entries, its signed heads, and how long it is kept. */
import { Button, Menu, Tabs } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useCan } from "@/app/session";
import { useAddress } from "@/kit/address";
import { Page } from "@/kit/page";
import { audit as text } from "@/strings/audit";
import { Entries } from "./entries";
import { HeadList } from "./head-list";
import { KeepingPart } from "./keeping";

const TABS = ["entries", "heads", "keeping"] as const;

export default function AuditScreen() {
  const { get, set } = useAddress();
  const tab = TABS.find((one) => one === get("tab")) ?? "entries";
  return (
    <Page title={text.title} summary={text.summary} actions={<ExportMenu />}>
      <Tabs
        value={tab}
        onChange={(chosen) => set({ tab: chosen === "entries" || chosen === null ? "" : chosen })}
        keepMounted={false}
      >
        <Tabs.List>
          {TABS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {text.tabs[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="entries" pt="md">
          <Entries />
        </Tabs.Panel>
        <Tabs.Panel value="heads" pt="md">
          <HeadList />
        </Tabs.Panel>
        <Tabs.Panel value="keeping" pt="md">
          <KeepingPart />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function ExportMenu() {
  const can = useCan();
  if (!can("audit:export")) return null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={<IconDownload size={14} />}>
          {text.export}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href="/api/v1/audit/export?format=jsonl" download="audit.jsonl">
          {text.exportJsonl}
        </Menu.Item>
        <Menu.Item component="a" href="/api/v1/audit/export?format=csv" download="audit.csv">
          {text.exportCsv}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
