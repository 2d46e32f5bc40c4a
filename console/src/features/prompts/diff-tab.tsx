/** What differs between any two versions. */
import { Group, NativeSelect, Stack, Title } from "@mantine/core";
import { useMemo } from "react";
import { $api, type Schema } from "@/api/client";
import { useAddress } from "@/kit/address";
import { readDiff } from "@/kit/line-diff";
import { LineDiff } from "@/kit/line-diff-view";
import { Loaded, Nothing } from "@/kit/states";
import { prompts as text } from "@/strings/prompts";
import { useVersionChoices } from "./use-versions";

interface DiffTabProps {
  readonly prompt: Schema<"PromptShown">;
  readonly part: string;
}

export function DiffTab({ prompt, part }: DiffTabProps) {
  const { get, set } = useAddress();
  const choices = useVersionChoices(prompt, part);
  const labels = prompt.pointers.map(({ label }) => label).filter((label) => label !== "production");
  const data = [
    ...[...(prompt.production ? ["production"] : []), ...labels].map((label) => ({ value: label, label })),
    ...choices.map(({ value, label }) => ({ value, label })),
  ];
  const before =
    get("before") || (prompt.production ? "production" : (choices.at(1)?.value ?? choices[0]?.value ?? "1"));
  const after = get("after") || choices[0]?.value || before;
  const query = $api.useQuery("get", "/api/v1/prompts/{name}/diff", {
    params: { path: { name: part }, query: { before, after } },
  });
  return (
    <Stack>
      <Group>
        <NativeSelect
          label={text.before}
          data={data}
          value={before}
          onChange={(event) => set({ before: event.currentTarget.value })}
        />
        <NativeSelect
          label={text.after}
          data={data}
          value={after}
          onChange={(event) => set({ after: event.currentTarget.value })}
        />
      </Group>
      <Loaded query={query}>
        {({ head, body }) =>
          head || body ? (
            <>
              <Part name={text.head} diff={head} />
              <Part name={text.body} diff={body} />
            </>
          ) : (
            <Nothing title={text.same} />
          )
        }
      </Loaded>
    </Stack>
  );
}

function Part({ name, diff }: { readonly name: string; readonly diff: string }) {
  const rows = useMemo(() => readDiff(diff), [diff]);
  if (rows.length === 0) return null;
  return (
    <div>
      <Title order={2} size="h5" mb={4}>
        {name}
      </Title>
      <LineDiff label={text.diffOf(name)} rows={rows} />
    </div>
  );
}
