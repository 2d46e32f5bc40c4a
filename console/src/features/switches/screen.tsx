/** Switches: kill switches, flags, and agents that stand on a lower rung. */
import { Page } from "@/kit/page";
import { AddressTabs } from "@/kit/tabs";
import { names } from "@/strings/names";
import { switches as text } from "@/strings/switches";
import { Degradations } from "./degradations";
import { FlagList } from "./flags";
import { Kills } from "./kills";

export default function SwitchesScreen() {
  return (
    <Page title={names.switches}>
      <AddressTabs
        label={text.tabsLabel}
        tabs={[
          { name: "kills", label: text.tabs.kills, content: <Kills /> },
          { name: "flags", label: text.tabs.flags, content: <FlagList /> },
          { name: "degradations", label: text.tabs.degradations, content: <Degradations /> },
        ]}
      />
    </Page>
  );
}
