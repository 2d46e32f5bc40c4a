/** How a run stands, and how the connection to it does. */
import { Alert, Group, Text } from "@mantine/core";
import { IconPlugConnected, IconPlugConnectedX } from "@tabler/icons-react";
import type { Schema } from "@/api/client";
import type { Connection } from "@/api/stream";
import { StatusBadge } from "@/kit/badges";
import { run as text } from "@/strings/run";
import { CopyId } from "./copy-id";
import type { Status } from "./journal";

interface StatusLineProps {
  readonly run: Schema<"Run">;
  readonly status: Status;
  readonly connection: Connection;
  /** Whether one of the open questions is for whoever looks. */
  readonly isMine: boolean;
}

/** The state of a run in the words of whom it concerns. */
export function jobStatusOf(status: Status, because: string, isMine: boolean): string {
  const words = text.jobStatus;
  if (status === "queued" || status === "running") return words.active;
  if (status !== "waiting") return words[status];
  if (because !== "waits_for_person") return words.waiting;
  return isMine ? words.waitingForYou : words.waitingForPerson;
}

export function StatusLine({ run, status, connection, isMine }: StatusLineProps) {
  const isConnected = connection === "connected" || connection === "ended";
  const Plug = isConnected ? IconPlugConnected : IconPlugConnectedX;
  const because = run.status === status ? run.status_detail : undefined;
  return (
    <Group gap="sm" mih={28}>
      <CopyId id={run.id} />
      <StatusBadge status={status} />
      <Text component="span" size="sm" fw={600} c="bright" role="status" data-testid="job-status">
        {jobStatusOf(status, because?.code ?? "", isMine)}
      </Text>
      <Group gap={4} wrap="nowrap">
        <Plug size={15} aria-hidden />
        <span role="status" data-testid="connection-status">
          {text.connection[connection]}
        </span>
      </Group>
      {because && because.code !== "ended" && <span>{because.message}</span>}
    </Group>
  );
}

interface ConnectionNoticeProps {
  readonly connection: Connection;
  readonly reason: string | undefined;
}

/** What to make of a connection that is away; nothing while it is there. */
export function ConnectionNotice({ connection, reason }: ConnectionNoticeProps) {
  if (connection === "reconnecting")
    return (
      <Alert color="amber" variant="light" p="xs" role="status" data-testid="connection-notice">
        {text.isCut}
      </Alert>
    );
  if (connection !== "refused") return null;
  return (
    <Alert color="red" title={text.isRefused} p="xs" role="alert">
      {reason}
    </Alert>
  );
}
