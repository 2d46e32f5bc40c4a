/** What was decided of actions, the newest first; and what the shadow said of them. */
import { Group, Switch, Table, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useAddress } from "@/kit/address";
import { Moment } from "@/kit/moments";
import { Failure, Loading, Nothing } from "@/kit/states";
import { policies } from "@/strings/policies";
import { Listed } from "./lists";
import { PAGES } from "./queries";
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
  const decisions = query.data?.pages.flatMap((page) => page.items);
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
      {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Loading />}
      {decisions?.length === 0 && (
        <Nothing
          title={isFiltered ? text.noneFiltered : text.none}
          hint={isFiltered ? text.noneFilteredHint : text.noneHint}
        />
      )}
      {decisions && decisions.length > 0 && (
        <Listed
          label={text.label}
          columns={[text.tool, text.verdict, text.version, text.at, text.run]}
          more={query}
        >
          {decisions.map((one) => (
            <DecisionRow key={one.id} decision={one} />
          ))}
        </Listed>
      )}
    </>
  );
}

function DecisionRow({ decision }: { readonly decision: Schema<"RecordedDecision"> }) {
  return (
    <Table.Tr data-testid="decision">
      <Table.Td className="mono">{decision.tool}</Table.Td>
      <Table.Td>
        <AnswerView answer={decision.decision} />
        {decision.differs && decision.shadowed && decision.shadow !== null && (
          <>
            <Text size="xs" fw={600} mt={4}>
              {text.shadowSays(decision.shadow)}
            </Text>
            <AnswerView answer={decision.shadowed} />
          </>
        )}
      </Table.Td>
      <Table.Td className="mono">{decision.decision.version}</Table.Td>
      <Table.Td>
        <Moment at={decision.at} />
      </Table.Td>
      <Table.Td>
        <RunLink runId={decision.run_id} />
      </Table.Td>
    </Table.Tr>
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
