/** What differs from the active version, file by file and line by line. */
import { Group, Stack, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { changesOf } from "@/kit/line-diff";
import { LineDiff } from "@/kit/line-diff-view";
import { policies } from "@/strings/policies";
import { differencesOf } from "./differences";
import type { Files } from "./faults";

const text = policies.diff;
const NOTHING: Files = {};

interface FilesDiffProps {
  /** What it is compared with; undefined: nothing is active. */
  readonly before: Schema<"VersionFiles"> | undefined;
  readonly files: Files;
  readonly isActive: boolean;
}

export function FilesDiff({ before, files, isActive }: FilesDiffProps) {
  const old = before?.files ?? NOTHING;
  const changed = useMemo(() => differencesOf(old, files).files, [old, files]);
  if (isActive) return <Text c="dimmed">{text.isActive}</Text>;
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        {before ? text.against(before.number) : text.againstNothing}
      </Text>
      {changed.length === 0 && <Text>{text.same}</Text>}
      {changed.map(({ name, added, removed }) => (
        <div key={name} data-testid="policy-diff">
          <Group gap="xs" mb={4}>
            <Title order={2} size="h5">
              {name}
            </Title>
            <Text size="xs" c="dimmed">
              {policies.version.lines(added, removed)}
            </Text>
          </Group>
          <LineDiff label={text.label(name)} rows={changesOf(old[name] ?? "", files[name] ?? "")} />
        </div>
      ))}
    </Stack>
  );
}
