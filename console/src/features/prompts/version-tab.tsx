/** One version: its text, what it makes of variables, and how its tests go. */
import { Code, NativeSelect, SimpleGrid, Stack } from "@mantine/core";
import { $api, type Schema } from "@/api/client";
import { useAddress } from "@/kit/address";
import { Part } from "@/kit/part";
import { Loaded } from "@/kit/states";
import { prompts as text } from "@/strings/prompts";
import { refOf } from "./names";
import { Preview } from "./preview";
import { Tests } from "./tests";
import { useVersionChoices } from "./use-versions";
import type { Variables } from "./variables";

interface VersionTabProps {
  readonly prompt: Schema<"PromptShown">;
  readonly part: string;
}

export function VersionTab({ prompt, part }: VersionTabProps) {
  const { get, set } = useAddress();
  const choices = useVersionChoices(prompt, part);
  const version =
    get("version") || (prompt.production ? refOf(prompt.production) : (choices[0]?.value ?? "file"));
  const query = $api.useQuery("get", "/api/v1/prompts/{name}/versions/{version}", {
    params: { path: { name: part, version } },
  });
  return (
    <Stack>
      <NativeSelect
        label={text.choose}
        maw={320}
        data={[...choices]}
        value={version}
        onChange={(event) => set({ version: event.currentTarget.value })}
      />
      <Loaded query={query}>
        {(shown) => (
          <SimpleGrid cols={{ base: 1, lg: 2 }}>
            <Stack>
              <Part title={text.text}>
                <Code block tabIndex={0} mah={560} style={{ overflow: "auto", whiteSpace: "pre-wrap" }}>
                  {shown.text}
                </Code>
              </Part>
              <Tests key={shown.id} part={part} version={version} />
            </Stack>
            <Preview
              key={shown.id}
              part={part}
              version={version}
              variables={shown.head.variables as Variables}
            />
          </SimpleGrid>
        )}
      </Loaded>
    </Stack>
  );
}
