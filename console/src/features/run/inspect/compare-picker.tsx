/** Choosing a run to compare with: the latest of the same workflow, or one found by its id. */
import { Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { StatusBadge } from "@/kit/badges";
import { Moment } from "@/kit/moments";
import { Loaded, Nothing } from "@/kit/states";
import { inspect } from "@/strings/inspect";
import classes from "./artifacts.module.css";

const text = inspect.compare;
const PART = /^[0-9a-f-]{4,36}$/i;
const RECENT = 12;

interface PickerProps {
  readonly run: Schema<"Run">;
  readonly onChoose: (id: string) => void;
}

export function ComparePicker({ run, onChoose }: PickerProps) {
  const [typed, setTyped] = useState("");
  const [part] = useDebouncedValue(typed.trim(), 250);
  const isSearch = PART.test(part);
  return (
    <Stack gap="sm" maw={760}>
      <Title order={2} size="h4">
        {text.choose}
      </Title>
      <TextInput
        label={text.search}
        description={text.searchHint}
        value={typed}
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      <Text fw={600} size="sm">
        {isSearch ? text.found : text.recent}
      </Text>
      {isSearch ? (
        <Found run={run} part={part} onChoose={onChoose} />
      ) : (
        <Recent run={run} onChoose={onChoose} />
      )}
    </Stack>
  );
}

function Recent({ run, onChoose }: PickerProps) {
  const query = $api.useQuery("get", "/api/v1/runs", {
    params: { query: { workflow: run.workflow, limit: RECENT + 1 } },
  });
  return (
    <Loaded query={query}>
      {({ items }) => {
        const others = items.filter(({ id }) => id !== run.id).slice(0, RECENT);
        return others.length === 0 ? (
          <Nothing title={text.none} hint={text.noneHint} />
        ) : (
          <List runs={others} onChoose={onChoose} />
        );
      }}
    </Loaded>
  );
}

function Found({ run, part, onChoose }: PickerProps & { readonly part: string }) {
  const of = (where: { id_prefix: string } | { id_suffix: string }) => ({
    params: { query: { workflow: run.workflow, limit: RECENT, ...where } },
  });
  const kept = { placeholderData: keepPreviousData };
  const beginning = $api.useQuery("get", "/api/v1/runs", of({ id_prefix: part }), kept);
  const end = $api.useQuery("get", "/api/v1/runs", of({ id_suffix: part }), kept);
  return (
    <Loaded query={beginning}>
      {({ items }) => {
        const byId = new Map([...items, ...(end.data?.items ?? [])].map((each) => [each.id, each]));
        byId.delete(run.id);
        return byId.size === 0 && !end.isPending ? (
          <Text role="status">{text.notFound}</Text>
        ) : (
          <List runs={[...byId.values()]} onChoose={onChoose} />
        );
      }}
    </Loaded>
  );
}

interface ListProps {
  readonly runs: readonly Schema<"RunSummary">[];
  readonly onChoose: (id: string) => void;
}

function List({ runs, onChoose }: ListProps) {
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table data-testid="runs-to-compare">
        <Table.Tbody>
          {runs.map(({ id, status, created_at }) => (
            <Table.Tr key={id}>
              <Table.Td>
                <button type="button" className={classes.choose} onClick={() => onChoose(id)}>
                  <span className="mono">{id}</span>
                </button>
              </Table.Td>
              <Table.Td>
                <StatusBadge status={status} />
              </Table.Td>
              <Table.Td>
                <Moment at={created_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
