/** Usage: what calls to models took, summed up over time, and the calls themselves. */
import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { useAddress } from "@/kit/address";
import { optionsOf } from "@/kit/options";
import { Page } from "@/kit/page";
import { usage as text } from "@/strings/usage";
import { beginningOf, oneOf } from "./asked";
import { Calls } from "./calls";
import { FilterBar, PeriodPicker, useAsked } from "./filters";
import { Report } from "./report";

export default function UsageScreen() {
  const { get, set } = useAddress();
  const { period, filters } = useAsked();
  const [now] = useState(() => Date.now());
  const view = oneOf(get("view"), text.views, "report");
  const since = beginningOf(period, now);
  return (
    <Page title={text.title} summary={text.summary} actions={<PeriodPicker />}>
      <FilterBar />
      <SegmentedControl
        aria-label={text.view}
        value={view}
        onChange={(value) => set({ view: value })}
        data={optionsOf(text.views)}
        maw={320}
      />
      {view === "calls" ? (
        <Calls since={since} filters={filters} />
      ) : (
        <Report since={since} now={now} period={period} filters={filters} />
      )}
    </Page>
  );
}
