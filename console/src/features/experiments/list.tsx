/** All experiments, the newest first. */
import { Button, NativeSelect, Stack, Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { useAddress } from "@/kit/address";
import { Moment } from "@/kit/moments";
import { More } from "@/kit/more";
import { Page } from "@/kit/page";
import { Loaded, Nothing } from "@/kit/states";
import { Wide } from "@/kit/wide";
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
    { initialPageParam: null, getNextPageParam: (page) => page.next_cursor ?? undefined },
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
        data={[
          { value: "", label: text.anyState },
          ...Object.entries(text.states).map(([value, label]) => ({ value, label })),
        ]}
        onChange={(event) => set({ state: event.currentTarget.value })}
      />
      <Loaded query={query}>
        {({ pages }) => {
          const all = pages.flatMap(({ items }) => items);
          if (all.length === 0)
            return <Nothing title={state ? text.noneSuch : text.none} hint={text.noneHint} />;
          return (
            <Stack>
              <ExperimentTable experiments={all} />
              <More query={query} />
            </Stack>
          );
        }}
      </Loaded>
    </Page>
  );
}

const HEADS = [text.name, text.about, text.state, text.arms, text.made];

function ExperimentTable({ experiments }: { readonly experiments: readonly Summary[] }) {
  return (
    <Wide label={text.title} width={720}>
      <Table striped data-testid="experiments-table">
        <Table.Thead>
          <Table.Tr>
            {HEADS.map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {experiments.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td>
                <Link to="/experiments/$experimentId" params={{ experimentId: one.id }}>
                  {one.name}
                </Link>
              </Table.Td>
              <Table.Td>{one.about}</Table.Td>
              <Table.Td>
                <StateBadge state={one.state} />
              </Table.Td>
              <Table.Td>
                {[...sharesOf(one.arms)]
                  .map(([arm, share]) => `${arm} ${text.shareOf(String(share))}`)
                  .join(", ")}
              </Table.Td>
              <Table.Td>
                <Moment at={one.made_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}
