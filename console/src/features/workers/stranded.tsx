/** Runs that cannot go on because no worker has their version, and how they are moved to another. */
import { Alert, Button, Group, List, Select, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { tellFailure } from "@/kit/act-button";
import { FormDialog } from "@/kit/form-dialog";
import { type Column, Listing, RowActions } from "@/kit/listing";
import { useRefresh } from "@/kit/refresh";
import { Loaded } from "@/kit/states";
import { workers as text } from "@/strings/workers";
import { type StrandedGroup, strandedOf } from "./groups";

const NEWEST = 200;
const EVERY = 30_000;

export function Stranded() {
  const query = $api.useQuery(
    "get",
    "/api/v1/runs",
    { params: { query: { status: ["queued"], limit: NEWEST } } },
    { refetchInterval: EVERY },
  );
  const mayMove = useCan()("runs:operate");
  const [moving, setMoving] = useState<StrandedGroup>();
  const columns: Column<StrandedGroup>[] = [
    { header: text.workflow, cell: ({ workflow }) => workflow },
    { header: text.versionOf, cell: ({ version }) => version },
    { header: text.runs, cell: ({ runs }) => runs },
    {
      header: text.see,
      cell: (group) => (
        <RowActions>
          <Link to="/runs" search={{ workflow: group.workflow, version: group.version, status: "queued" }}>
            {text.see}
          </Link>
          {mayMove && (
            <Button size="compact-sm" variant="default" onClick={() => setMoving(group)}>
              {text.move}
            </Button>
          )}
        </RowActions>
      ),
    },
  ];
  return (
    <Loaded query={query}>
      {({ items }) => {
        const groups = strandedOf(items);
        return (
          <Stack gap="xs">
            {groups.length > 0 && <Alert color="amber">{text.strandedHint}</Alert>}
            <Listing
              label={text.stranded}
              columns={columns}
              rows={groups}
              keyOf={({ workflow, version }) => `${workflow}@${version}`}
              empty={
                <Text size="sm" c="dimmed">
                  {text.noStranded}
                </Text>
              }
            />
            {moving && <Move group={moving} onClose={() => setMoving(undefined)} />}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function Move({ group, onClose }: { readonly group: StrandedGroup; readonly onClose: () => void }) {
  const { workflow, version } = group;
  const refresh = useRefresh("/api/v1/runs");
  const known = $api.useQuery("get", "/api/v1/workflows").data?.items.find(({ name }) => name === workflow);
  const versions = (known?.versions ?? []).filter((one) => one !== version);
  const [chosen, setChosen] = useState<number>();
  const [found, setFound] = useState<Schema<"BulkResult">>();
  const to = chosen ?? versions.at(-1);
  async function move(dryRun: boolean) {
    if (to === undefined) return undefined;
    const body = { filter: { workflow, version }, to, dry_run: dryRun, all: false, limit: NEWEST };
    const { data } = await client.POST("/api/v1/runs/move", { body });
    setFound(data);
    return data;
  }
  async function send() {
    const done = await move(false);
    await refresh();
    if (done?.refused.length === 0) onClose();
  }
  return (
    <FormDialog
      title={text.moveTitle(workflow, version)}
      action={text.move}
      disabled={to === undefined}
      onSubmit={send}
      onClose={onClose}
    >
      <Text size="sm">{text.moveWhat}</Text>
      {versions.length === 0 ? (
        <Text size="sm">{text.noVersion}</Text>
      ) : (
        <Group align="flex-end">
          <Select
            label={text.to}
            data={versions.map(String)}
            value={to === undefined ? null : String(to)}
            onChange={(value) => value && setChosen(Number(value))}
            allowDeselect={false}
          />
          <Button variant="default" onClick={() => void move(true).catch(tellFailure)}>
            {text.check}
          </Button>
        </Group>
      )}
      {found && <Found result={found} />}
    </FormDialog>
  );
}

function Found({ result }: { readonly result: Schema<"BulkResult"> }) {
  const { done, matched, refused, dry_run } = result;
  return (
    <Stack gap="xs" role="status">
      <Text size="sm">{(dry_run ? text.wouldMove : text.moved)(done, matched)}</Text>
      {refused.length > 0 && <Text size="sm">{text.refused(refused.length)}</Text>}
      <List size="sm">
        {refused.map(({ id, reason }) => (
          <List.Item key={id}>{`${id}: ${reason}`}</List.Item>
        ))}
      </List>
    </Stack>
  );
}
