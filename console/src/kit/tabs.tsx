/** The tabs of a screen; which one is open stands in the address, unless it is the first. */
import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import { useAddress } from "./address";

interface Tab {
  readonly name: string;
  readonly label: string;
  readonly content: ReactNode;
  /** Whether what was done in it stays while another one is open. */
  readonly isKept?: boolean;
}

interface AddressTabsProps {
  readonly tabs: readonly Tab[];
  /** What they are tabs of, for those who cannot see it. */
  readonly label?: string;
}

export function AddressTabs({ tabs, label }: AddressTabsProps) {
  const { get, set } = useAddress();
  const first = tabs[0]?.name ?? "";
  const open = tabs.find(({ name }) => name === get("tab"))?.name ?? first;
  return (
    <Tabs
      value={open}
      onChange={(chosen) => set({ tab: chosen === first ? "" : (chosen ?? "") })}
      keepMounted={false}
    >
      <Tabs.List aria-label={label}>
        {tabs.map((tab) => (
          <Tabs.Tab key={tab.name} value={tab.name}>
            {tab.label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(({ name, content, isKept = false }) => (
        <Tabs.Panel key={name} value={name} pt="md" keepMounted={isKept}>
          {content}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
