/** The parts of a run's screen as tabs: the live one, those that every run has, and those of its application. */
import { ScrollArea, Tabs } from "@mantine/core";
import { CatchBoundary, useNavigate, useSearch } from "@tanstack/react-router";
import { type ComponentType, lazy, type ReactNode, Suspense, useEffect, useRef } from "react";
import { tabsOf } from "@/applications";
import { Failure, Loading } from "@/kit/states";
import { run as text } from "@/strings/run";
import type { RunTab, RunTabProps } from "./tab";
import { TABS } from "./tabs";

const LIVE = "live";
const loaded = new Map<RunTab["load"], ComponentType<RunTabProps>>();

/** The component of a tab, whose code is fetched when it is first shown. */
function componentOf({ load }: RunTab): ComponentType<RunTabProps> {
  const found = loaded.get(load) ?? lazy(load);
  loaded.set(load, found);
  return found;
}

interface PartsProps extends RunTabProps {
  readonly live: ReactNode;
}

export function Parts({ run, view, live }: PartsProps) {
  const navigate = useNavigate();
  const { tab: wanted } = useSearch({ strict: false }) as { tab?: string };
  const tabs = [...TABS, ...tabsOf(run.workflow)].filter((tab) => tab.applies?.({ run, view }) ?? true);
  const chosen = tabs.find(({ id }) => id === wanted);
  const choose = (id: string | null) =>
    void navigate({
      to: ".",
      search: (before: object) => ({ ...before, tab: id === LIVE ? undefined : (id ?? undefined) }),
      resetScroll: false,
    } as Parameters<typeof navigate>[0]);
  const list = useRef<HTMLDivElement>(null);
  const shown = chosen?.id ?? LIVE;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the tab that is shown is to be in sight
  useEffect(() => {
    list.current
      ?.querySelector("[aria-selected=true]")
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [shown]);
  return (
    <Tabs value={shown} onChange={choose} keepMounted={false}>
      <ScrollArea type="never" ref={list}>
        <Tabs.List aria-label={text.parts} style={{ flexWrap: "nowrap" }}>
          <Tabs.Tab value={LIVE}>{text.live}</Tabs.Tab>
          {tabs.map(({ id, name }) => (
            <Tabs.Tab key={id} value={id}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </ScrollArea>
      <Tabs.Panel value={shown} pt="md">
        {chosen ? <Part tab={chosen} run={run} view={view} /> : live}
      </Tabs.Panel>
    </Tabs>
  );
}

function Part({ tab, run, view }: RunTabProps & { readonly tab: RunTab }) {
  const Shown = componentOf(tab);
  return (
    <CatchBoundary
      getResetKey={() => tab.id}
      errorComponent={({ error, reset }) => (
        <Failure
          error={error}
          retry={() => {
            loaded.delete(tab.load);
            reset();
          }}
        />
      )}
    >
      <Suspense fallback={<Loading />}>
        <Shown run={run} view={view} />
      </Suspense>
    </CatchBoundary>
  );
}
