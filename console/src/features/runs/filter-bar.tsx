/** What runs can be filtered by, and in which order they are listed. */
import { Button, Collapse, Group, NumberInput, Select, SimpleGrid, Switch, TagsInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFilter, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { $api } from "@/api/client";
import { runs as text } from "@/strings/runs";
import { CommittedInput } from "./committed-input";
import { countOf, filtersOf, isIdPart, isLabel, NO_FILTERS, SORTS, type Sort, type View } from "./filters";
import { SavedViews } from "./saved-views";
import type { Change } from "./use-view";

interface FilterBarProps {
  readonly view: View;
  readonly change: Change;
}

export function FilterBar({ view, change }: FilterBarProps) {
  const count = countOf(view);
  const [opened, { toggle }] = useDisclosure(count > 0);
  return (
    <div>
      <Group gap="xs">
        <Button
          variant="default"
          size="xs"
          leftSection={<IconFilter size={14} />}
          onClick={toggle}
          aria-expanded={opened}
          data-testid="filters-button"
        >
          {count > 0 ? text.filtersCount(count) : text.filters}
        </Button>
        <Select
          size="xs"
          aria-label={text.sort}
          data={SORTS.map((sort) => ({ value: sort, label: text.sorts[sort] }))}
          value={view.sort}
          onChange={(sort) => sort && change({ sort: sort as Sort })}
          allowDeselect={false}
          w={170}
        />
        <SavedViews view={view} change={change} />
        {count > 0 && (
          <Button
            variant="subtle"
            size="xs"
            leftSection={<IconX size={14} />}
            onClick={() => change(NO_FILTERS)}
            data-testid="clear-filters"
          >
            {text.clear}
          </Button>
        )}
      </Group>
      <Collapse expanded={opened} transitionDuration={0}>
        <Fields view={view} change={change} />
      </Collapse>
    </div>
  );
}

function Fields({ view, change }: FilterBarProps) {
  const workflows = $api.useQuery("get", "/api/v1/workflows", { params: { query: { agents: true } } });
  const names = workflows.data?.items.map(({ name }) => name) ?? [];
  const known = view.workflow && !names.includes(view.workflow) ? [view.workflow, ...names] : names;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" mt="sm">
      <Select
        label={text.workflow}
        placeholder={text.anyWorkflow}
        data={known}
        value={view.workflow || null}
        onChange={(workflow) => change({ workflow: workflow ?? "", version: "" })}
        searchable
        clearable
      />
      <NumberInput
        label={text.version}
        value={view.version === "" ? "" : Number(view.version)}
        onChange={(version) => change({ version: version === "" ? "" : String(version) })}
        disabled={view.workflow === ""}
        min={1}
        allowDecimal={false}
        allowNegative={false}
      />
      <CommittedInput
        label={text.principal}
        value={view.principal}
        commit={(principal) => change({ principal })}
        maxLength={255}
      />
      <CommittedInput
        label={text.id}
        value={view.id}
        commit={(id) => change({ id })}
        faultOf={(id) => (id === "" || isIdPart(id) ? undefined : text.badId)}
        maxLength={36}
        className="mono"
      />
      <Labels view={view} change={change} />
      <CommittedInput
        type="datetime-local"
        label={text.after}
        value={localOf(view.after)}
        commit={(after) => change({ after: momentOf(after) })}
      />
      <CommittedInput
        type="datetime-local"
        label={text.before}
        value={localOf(view.before)}
        commit={(before) => change({ before: momentOf(before) })}
      />
      <Switch
        label={text.asks}
        checked={view.asks}
        onChange={(event) => change({ asks: event.currentTarget.checked })}
        mt={{ base: 0, xs: 30 }}
      />
    </SimpleGrid>
  );
}

function Labels({ view, change }: FilterBarProps) {
  const [fault, setFault] = useState<string>();
  return (
    <TagsInput
      label={text.labels}
      placeholder={view.labels.length === 0 ? text.labelsHint : ""}
      value={[...filtersOf(view).labels]}
      onChange={(labels) => {
        const kept = labels.filter(isLabel);
        setFault(kept.length < labels.length ? text.badLabel : undefined);
        change({ labels: kept });
      }}
      error={fault}
    />
  );
}

/** A moment as an input of the viewer's zone wants it. */
function localOf(moment: string): string {
  if (moment === "") return "";
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function momentOf(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
