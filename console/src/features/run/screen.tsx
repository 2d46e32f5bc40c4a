/** One run, live. */
import { Group } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { StatusBadge } from "@/kit/badges";
import { Page } from "@/kit/page";
import { Loaded } from "@/kit/states";
import { run as text } from "@/strings/run";
import { ReasonCardView } from "./reason-card";
import { useJournal, useRunQuery } from "./use-run";

export default function RunScreen() {
  const { runId } = useParams({ strict: false }) as { runId: string };
  const query = useRunQuery(runId);
  const { view, connection } = useJournal(runId);
  return (
    <Loaded query={query}>
      {(run) => (
        <Page
          title={text.title(run.workflow)}
          summary={
            <Group gap="xs">
              <StatusBadge status={run.status} />
              <span data-testid="connection-status">{text.connection[connection]}</span>
            </Group>
          }
        >
          {view.cards.map((at) => (
            <ReasonCardView key={at.seq} at={at} />
          ))}
        </Page>
      )}
    </Loaded>
  );
}
