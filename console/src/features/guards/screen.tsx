/** Guards: a place to try a text, what was found, and what is done where. */
import { Page } from "@/kit/page";
import { AddressTabs } from "@/kit/tabs";
import { guards as text } from "@/strings/guards";
import { names } from "@/strings/names";
import { Findings } from "./findings";
import { Rules } from "./rules";
import { TryText } from "./try-text";

export default function GuardsScreen() {
  return (
    <Page title={names.guards}>
      <AddressTabs
        label={text.tabsLabel}
        tabs={[
          { name: "try", label: text.tabs.try, content: <TryText />, isKept: true },
          { name: "findings", label: text.tabs.findings, content: <Findings /> },
          { name: "rules", label: text.tabs.rules, content: <Rules /> },
        ]}
      />
    </Page>
  );
}
