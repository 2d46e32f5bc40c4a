/** One entry in full: whether its proof holds, what it says, and the bytes that are hashed. */
import { Anchor, Badge, Code, Drawer, Group, Stack, Table, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Schema } from "@/api/client";
import { Copyable, CopyValue } from "@/kit/copyable";
import { Moment } from "@/kit/moments";
import { Loaded } from "@/kit/states";
import { audit as text } from "@/strings/audit";
import classes from "./audit.module.css";
import { kindText } from "./entries";
import { ProofView } from "./proof-view";
import { useEntry, useProof } from "./use-proof";

interface EntryDrawerProps {
  readonly entryId: string;
  readonly onClose: () => void;
}

export function EntryDrawer({ entryId, onClose }: EntryDrawerProps) {
  const query = useEntry(entryId);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      withOverlay={false}
      lockScroll={false}
      trapFocus={false}
      shadow="xl"
      title={text.entry}
      data-testid="audit-entry"
    >
      <Loaded query={query}>{(entry) => <EntryView entry={entry} />}</Loaded>
    </Drawer>
  );
}

function EntryView({ entry }: { readonly entry: Schema<"Entry"> }) {
  const proved = useProof(entry);
  const details = Object.entries(entry.details);
  return (
    <Stack gap="md">
      <Group gap="xs">
        <Badge variant="light" color="gray">
          {kindText(entry.kind)}
        </Badge>
        <Text fw={600} style={{ overflowWrap: "anywhere" }}>
          {entry.subject}
        </Text>
      </Group>
      <ProofView proved={proved} />
      <Facts>
        <Fact name={text.columns.at}>
          <Moment at={entry.at} />
        </Fact>
        <Fact name={text.columns.actor}>
          <Copyable value={entry.actor} />
        </Fact>
        <Fact name={text.columns.position}>{entry.position ?? text.badge.waiting}</Fact>
        {entry.run_id && (
          <Fact name={text.columns.run}>
            <Anchor component={Link} to="/runs/$runId" params={{ runId: entry.run_id } as never} size="sm">
              {text.openRun}
            </Anchor>{" "}
            <CopyValue value={entry.run_id} />
          </Fact>
        )}
        {entry.step && <Fact name={text.step}>{entry.step}</Fact>}
        {entry.append && <Fact name={text.append}>{entry.append}</Fact>}
        <Fact name={text.id}>
          <Copyable value={entry.id} />
        </Fact>
      </Facts>
      <Part title={text.details}>
        {details.length === 0 ? (
          <Text size="sm" c="dimmed">
            {text.noDetails}
          </Text>
        ) : (
          <Facts>
            {details.map(([name, value]) => (
              <Fact key={name} name={name}>
                <Code className={classes.leaf ?? ""}>
                  {typeof value === "string" ? value : JSON.stringify(value)}
                </Code>
              </Fact>
            ))}
          </Facts>
        )}
      </Part>
      <Part title={text.leaf} action={<CopyValue value={entry.leaf} />}>
        <Text size="sm" c="dimmed">
          {text.leafHint}
        </Text>
        <Code block className={classes.leaf ?? ""} data-testid="audit-leaf">
          {entry.leaf}
        </Code>
        {proved.verdict && (
          <Text size="sm" component="div">
            {text.leafHash} <Copyable value={proved.verdict.leaf} />
          </Text>
        )}
      </Part>
    </Stack>
  );
}

interface PartProps {
  readonly title: string;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}

function Part({ title, action, children }: PartProps) {
  return (
    <Stack gap={6} component="section" aria-label={title}>
      <Group gap={4}>
        <Title order={3} size="h5">
          {title}
        </Title>
        {action}
      </Group>
      {children}
    </Stack>
  );
}

function Facts({ children }: { readonly children: ReactNode }) {
  return (
    <Table variant="vertical" layout="fixed" withRowBorders={false} verticalSpacing={2}>
      <Table.Tbody>{children}</Table.Tbody>
    </Table>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w={130} style={{ overflowWrap: "anywhere" }}>
        {name}
      </Table.Th>
      <Table.Td style={{ overflowWrap: "anywhere" }}>{children}</Table.Td>
    </Table.Tr>
  );
}
