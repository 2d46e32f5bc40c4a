/** What differs from the active version, file by file and line by line. */
import { Group, Stack, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { policies } from "@/strings/policies";
import classes from "./diff.module.css";
import { differencesOf } from "./differences";
import type { Files } from "./faults";
import { around, type DiffLine, diffOf } from "./line-diff";

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
        <section key={name} aria-label={text.label(name)} data-testid="policy-diff">
          <Group gap="xs" mb={4}>
            <Title order={2} size="h5">
              {name}
            </Title>
            <Text size="xs" c="dimmed">
              {policies.version.lines(added, removed)}
            </Text>
          </Group>
          <Lines label={text.label(name)} before={old[name] ?? ""} after={files[name] ?? ""} />
        </section>
      ))}
    </Stack>
  );
}

interface LinesProps {
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

const SIGNS: Record<DiffLine["kind"], string> = { same: " ", added: "+", removed: "-" };

function Lines({ label, before, after }: LinesProps) {
  const lines = useMemo(() => around(diffOf(before, after)), [before, after]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has only keys scrolls it, too
    <section className={classes.scroller} tabIndex={0} aria-label={label}>
      <table className={classes.lines}>
        <tbody>
          {lines.map((line, index) =>
            line === "gap" ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: gaps have nothing else
              <tr key={`gap ${index}`} className={classes.gap}>
                <td colSpan={4}>{text.gap}</td>
              </tr>
            ) : (
              <tr key={`${line.before} ${line.after}`} className={classes[line.kind]} data-kind={line.kind}>
                <td className={classes.number}>{line.before}</td>
                <td className={classes.number}>{line.after}</td>
                <td className={classes.sign} title={text.kinds[line.kind]}>
                  {SIGNS[line.kind]}
                </td>
                <td className={classes.text}>{line.text}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </section>
  );
}
