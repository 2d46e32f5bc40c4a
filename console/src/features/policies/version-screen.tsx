/** One version of the policies, or a new one: its files, what differs, its tests, and what it would have changed. */
import { Anchor, Badge, Group } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import type { Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Moment } from "@/kit/moments";
import { Page } from "@/kit/page";
import { Loaded, Loading, Nothing } from "@/kit/states";
import { AddressTabs } from "@/kit/tabs";
import { policies } from "@/strings/policies";
import { shell } from "@/strings/shell";
import { FilesDiff } from "./diff";
import type { Files } from "./faults";
import { FilesTab } from "./files";
import { usePolicyState, useVersion } from "./queries";
import { SimulateTab } from "./simulate";
import { StateBadges } from "./state";
import { TestsTab } from "./tests";
import { EXAMPLE, useDraft } from "./use-draft";
import { VersionActions } from "./version-actions";

const text = policies.version;

type Stored = Schema<"VersionFiles">;

export default function VersionScreen() {
  const { number } = useParams({ strict: false }) as { number: string };
  if (number === "new") return <NewVersion />;
  if (!/^[1-9]\d{0,8}$/.test(number)) return <Nothing title={shell.notFound} hint={shell.notFoundHint} />;
  return <StoredVersion key={number} number={Number(number)} />;
}

function StoredVersion({ number }: { readonly number: number }) {
  const query = useVersion(number);
  const state = usePolicyState();
  const active = state.data?.active;
  const before = useVersion(active === number ? null : active);
  return (
    <Loaded query={query}>
      {(stored) => (
        <Loaded query={state}>
          {() => (
            <Workbench
              stored={stored}
              files={stored.files}
              active={before.data}
              isReady={!before.isLoading}
            />
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

function NewVersion() {
  const state = usePolicyState();
  const active = useVersion(state.data?.active);
  return (
    <Loaded query={state}>
      {({ active: number }) =>
        number === null ? (
          <Workbench files={EXAMPLE} active={undefined} isReady />
        ) : (
          <Loaded query={active}>
            {(found) => <Workbench files={found.files} active={found} isReady />}
          </Loaded>
        )
      }
    </Loaded>
  );
}

interface WorkbenchProps {
  /** Undefined: it is a new one. */
  readonly stored?: Stored | undefined;
  readonly files: Files;
  readonly active: Stored | undefined;
  /** Whether it is known what is active. */
  readonly isReady: boolean;
}

function Workbench({ stored, files, active, isReady }: WorkbenchProps) {
  const canManage = useCan()("policies:manage");
  const draft = useDraft(stored ? String(stored.number) : "new", files);
  const diff = (
    <FilesDiff
      before={stored?.active ? stored : active}
      files={draft.files}
      isActive={stored?.active === true && !draft.isChanged}
    />
  );
  const tabs = [
    {
      name: "files",
      label: text.tabs.files,
      content: <FilesTab number={stored?.number} draft={draft} canEdit={canManage} />,
    },
    { name: "diff", label: text.tabs.diff, content: isReady ? diff : <Loading /> },
  ];
  return (
    <Page
      title={stored ? text.title(stored.number) : text.newTitle}
      summary={stored ? <Summary stored={stored} /> : text.newSummary}
      actions={canManage && <VersionActions stored={stored} draft={draft} active={active} />}
    >
      <AddressTabs tabs={stored ? [...tabs, ...ofStored(stored.number, draft.isChanged, canManage)] : tabs} />
    </Page>
  );
}

function ofStored(number: number, isChanged: boolean, canSimulate: boolean) {
  return [
    {
      name: "tests",
      label: text.tabs.tests,
      content: <TestsTab number={number} isChanged={isChanged} />,
    },
    {
      name: "simulate",
      label: text.tabs.simulate,
      content: <SimulateTab number={number} isChanged={isChanged} canSimulate={canSimulate} />,
    },
  ];
}

function Summary({ stored }: { readonly stored: Stored }) {
  return (
    <Group gap="xs">
      <Anchor component={Link} to="/policies" size="sm">
        {text.back}
      </Anchor>
      <StateBadges version={stored} />
      <Badge variant="light" color="gray">
        {`${policies.versions.policies}: ${stored.policies}`}
      </Badge>
      <span>
        {stored.made_by} <Moment at={stored.created_at} />
      </span>
      {stored.note && <span>{stored.note}</span>}
    </Group>
  );
}
