/** All experiments, the newest first. */
import { Button, NativeSelect } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { useAddress } from "@/kit/address";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { optionsOf } from "@/kit/options";
import { Page } from "@/kit/page";
import { Nothing } from "@/kit/states";
import { experiments as text } from "@/strings/experiments";
import { StateBadge } from "./state-badge";
import { sharesOf } from "./words";

type Summary = Schema<"ExperimentSummary">;

export default function ExperimentsScreen() {
  const { get, set } = useAddress();
  const may = useCan()("experiments:manage");
  const state = (Object.keys(text.states) as Summary["state"][]).find((one) => one === get("state"));
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/experiments",
    { params: { query: { limit: 50, ...(state ? { state } : {}) } } },
    PAGES,
  );
  const create = may && (
    <Button component={Link} to="/experiments/new" size="xs">
      {text.create}
    </Button>
  );
  return (
    <Page title={text.title} summary={text.summary} actions={create}>
      <NativeSelect
        label={text.state}
        maw={220}
        size="xs"
        value={state ?? ""}
        data={[{ value: "", label: text.anyState }, ...optionsOf(text.states)]}
        onChange={(event) => set({ state: event.currentTarget.value })}
      />
      <PagedListing
        query={query}
        label={text.title}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        width={720}
        testId="experiments-table"
        empty={<Nothing title={state ? text.noneSuch : text.none} hint={text.noneHint} />}
      />
    </Page>
  );
}

const COLUMNS: readonly Column<Summary>[] = [
  {
    header: text.name,
    cell: ({ id, name }) => (
      <Link to="/experiments/$experimentId" params={{ experimentId: id }}>
        {name}
      </Link>
    ),
  },
  { header: text.about, cell: ({ about }) => about },
  { header: text.state, cell: ({ state }) => <StateBadge state={state} /> },
  {
    header: text.arms,
    cell: ({ arms }) =>
      [...sharesOf(arms)].map(([arm, share]) => `${arm} ${text.shareOf(String(share))}`).join(", "),
  },
  { header: text.made, cell: ({ made_at }) => <Moment at={made_at} /> },
];
