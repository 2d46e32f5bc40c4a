/** One prompt: its labels, versions, differences, and what it makes of variables. */
import { Stack, Tabs } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { $api, type Schema } from "@/api/client";
import { ApiError } from "@/api/problem";
import { useCan } from "@/app/session";
import { useAddress } from "@/kit/address";
import { Page } from "@/kit/page";
import { Loaded } from "@/kit/states";
import { prompts as text } from "@/strings/prompts";
import { DiffTab } from "./diff-tab";
import { Labels } from "./labels";
import { Moves } from "./moves";
import { untilded } from "./names";
import { NewVersion } from "./new-version";
import { VersionTab } from "./version-tab";
import { Versions } from "./versions";

type Tab = keyof typeof text.tabs;
const TABS = Object.keys(text.tabs) as Tab[];

export default function PromptScreen() {
  const { name: part } = useParams({ strict: false }) as { name: string };
  const name = untilded(part);
  const may = useCan()("prompts:manage");
  const query = $api.useQuery("get", "/api/v1/prompts/{name}", { params: { path: { name: part } } });
  const isNew = query.error instanceof ApiError && query.error.problem.status === 404 && may;
  return (
    <Page title={name} summary={isNew ? text.newTab : undefined}>
      {isNew ? (
        <NewVersion part={part} from={null} />
      ) : (
        <Loaded query={query}>{(prompt) => <Prompt prompt={prompt} part={part} />}</Loaded>
      )}
    </Page>
  );
}

interface PromptProps {
  readonly prompt: Schema<"PromptShown">;
  /** The name as it stands in addresses. */
  readonly part: string;
}

function Prompt({ prompt, part }: PromptProps) {
  const { get, set } = useAddress();
  const may = useCan()("prompts:manage");
  const tabs = TABS.filter((name) => name !== "new" || may);
  const tab = tabs.find((name) => name === get("tab")) ?? "versions";
  return (
    <Stack>
      <Labels prompt={prompt} part={part} />
      <Tabs value={tab} onChange={(value) => set({ tab: value ?? "" })} keepMounted={false}>
        <Tabs.List>
          {tabs.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {text.tabs[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="versions" pt="md">
          <Versions prompt={prompt} part={part} />
        </Tabs.Panel>
        <Tabs.Panel value="version" pt="md">
          <VersionTab prompt={prompt} part={part} />
        </Tabs.Panel>
        <Tabs.Panel value="diff" pt="md">
          <DiffTab prompt={prompt} part={part} />
        </Tabs.Panel>
        <Tabs.Panel value="moves" pt="md">
          <Moves part={part} />
        </Tabs.Panel>
        {may && (
          <Tabs.Panel value="new" pt="md">
            <NewVersion part={part} from={get("version") || (prompt.production ? "production" : "")} />
          </Tabs.Panel>
        )}
      </Tabs>
    </Stack>
  );
}
