/** The audit log: its entries, its signed heads, and how long it is kept. */
import { Button, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useCan } from "@/app/session";
import { Page } from "@/kit/page";
import { AddressTabs } from "@/kit/tabs";
import { audit as text } from "@/strings/audit";
import { Entries } from "./entries";
import { HeadList } from "./head-list";
import { KeepingPart } from "./keeping";

export default function AuditScreen() {
  return (
    <Page title={text.title} summary={text.summary} actions={<ExportMenu />}>
      <AddressTabs
        tabs={[
          { name: "entries", label: text.tabs.entries, content: <Entries /> },
          { name: "heads", label: text.tabs.heads, content: <HeadList /> },
          { name: "keeping", label: text.tabs.keeping, content: <KeepingPart /> },
        ]}
      />
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
