/** One prompt: its labels, versions, differences, and what it makes of variables. */
import { Stack } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { $api, type Schema } from "@/api/client";
import { ApiError } from "@/api/problem";
import { useCan } from "@/app/session";
import { useAddress } from "@/kit/address";
import { Page } from "@/kit/page";
import { Loaded } from "@/kit/states";
import { AddressTabs } from "@/kit/tabs";
import { prompts as text } from "@/strings/prompts";
import { DiffTab } from "./diff-tab";
import { Labels } from "./labels";
import { Moves } from "./moves";
import { untilded } from "./names";
import { NewVersion } from "./new-version";
import { VersionTab } from "./version-tab";
import { Versions } from "./versions";

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
  const { get } = useAddress();
  const may = useCan()("prompts:manage");
  const from = get("version") || (prompt.production ? "production" : "");
  return (
    <Stack>
      <Labels prompt={prompt} part={part} />
      <AddressTabs
        tabs={[
          { name: "versions", label: text.tabs.versions, content: <Versions prompt={prompt} part={part} /> },
          { name: "version", label: text.tabs.version, content: <VersionTab prompt={prompt} part={part} /> },
          { name: "diff", label: text.tabs.diff, content: <DiffTab prompt={prompt} part={part} /> },
          { name: "moves", label: text.tabs.moves, content: <Moves part={part} /> },
          ...(may
            ? [{ name: "new", label: text.tabs.new, content: <NewVersion part={part} from={from} /> }]
            : []),
        ]}
      />
    </Stack>
  );
}
