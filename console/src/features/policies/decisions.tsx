/** What was decided of actions, the newest first; and what the shadow said of them. */
import { Group, Switch, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useAddress } from "@/kit/address";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Nothing } from "@/kit/states";
import { policies } from "@/strings/policies";
import { RunLink } from "./simulate";
import { AnswerView } from "./state";

const text = policies.decisions;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function Decisions() {
  const { get, set } = useAddress();
  const run = get("run_id");
  const isDiffering = get("differing") === "true";
  const isFiltered = run !== "" || isDiffering;
  const wanted = { limit: 50, differing: isDiffering, ...(UUID.test(run) ? { run_id: run } : {}) };
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/policies/decisions",
    { params: { query: wanted } },
    PAGES,
  );
  return (
    <>
      <Group align="flex-end" gap="md" mb="sm">
        <RunFilter key={run} run={run} onChange={(id) => set({ run_id: id })} />
        <Switch
          label={text.differing}
          checked={isDiffering}
          onChange={(event) => set({ differing: event.currentTarget.checked ? "true" : "" })}
        />
      </Group>
      <PagedListing
        query={query}
        label={text.label}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        width={720}
        rowTestId="decision"
        empty={
          <Nothing
            title={isFiltered ? text.noneFiltered : text.none}
            hint={isFiltered ? text.noneFilteredHint : text.noneHint}
          />
        }
      />
    </>
  );
}

type Decision = Schema<"RecordedDecision">;

const COLUMNS: readonly Column<Decision>[] = [
  { header: text.tool, className: "mono", cell: ({ tool }) => tool },
  { header: text.verdict, cell: (decision) => <Verdict decision={decision} /> },
  { header: text.version, className: "mono", cell: ({ decision }) => decision.version },
  { header: text.at, cell: ({ at }) => <Moment at={at} /> },
  { header: text.run, cell: ({ run_id }) => <RunLink runId={run_id} /> },
];

function Verdict({ decision: { decision, differs, shadow, shadowed } }: { readonly decision: Decision }) {
  return (
    <>
      <AnswerView answer={decision} />
      {differs && shadowed && shadow !== null && (
        <>
          <Text size="xs" fw={600} mt={4}>
            {text.shadowSays(shadow)}
          </Text>
          <AnswerView answer={shadowed} />
        </>
      )}
    </>
  );
}

function RunFilter({ run, onChange }: { readonly run: string; readonly onChange: (id: string) => void }) {
  const [typed, setTyped] = useState(run);
  const isWrong = typed !== "" && !UUID.test(typed);
  return (
    <TextInput
      label={text.run}
      placeholder={text.runHint}
      value={typed}
      onChange={(event) => {
        const id = event.currentTarget.value.trim();
        setTyped(id);
        if (id === "" || UUID.test(id)) onChange(id);
      }}
      error={isWrong ? text.wrongRun : undefined}
      size="xs"
      w={300}
    />
  );
}
