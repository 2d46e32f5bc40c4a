/** One run, live: how it stands, what it asks, and every part of it. */
import { Stack } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import type { Schema } from "@/api/client";
import { Page } from "@/kit/page";
import { Loaded } from "@/kit/states";
import { run as text } from "@/strings/run";
import { RunActions } from "./actions";
import { Download } from "./download";
import { Facts } from "./facts";
import { Live } from "./live";
import { Parts } from "./parts";
import { RunProgress } from "./progress";
import { ConnectionNotice, StatusLine } from "./status-line";
import { Trouble } from "./trouble";
import { useAnswers } from "./use-answers";
import { statusOf, useJournal, useRunQuery, type Watched } from "./use-run";

export default function RunScreen() {
  const { runId } = useParams({ strict: false }) as { runId: string };
  return <WatchedRun key={runId} runId={runId} />;
}

function WatchedRun({ runId }: { readonly runId: string }) {
  const query = useRunQuery(runId);
  const watched = useJournal(runId, query.data?.seq);
  return <Loaded query={query}>{(run) => <RunPage run={run} watched={watched} />}</Loaded>;
}

interface RunPageProps {
  readonly run: Schema<"Run">;
  readonly watched: Watched;
}

function RunPage({ run, watched: { view, connection, reason } }: RunPageProps) {
  const answers = useAnswers(run);
  const status = statusOf(run, view);
  const isMine = run.questions.some(answers.isMine);
  return (
    <Page
      title={text.title(run.workflow)}
      summary={<StatusLine run={run} status={status} connection={connection} isMine={isMine} />}
      actions={
        <>
          <Download artifacts={run.artifacts} />
          <RunActions run={run} view={view} status={status} />
        </>
      }
    >
      <Stack gap="xs">
        <ConnectionNotice connection={connection} reason={reason} />
        <Trouble run={run} />
        <RunProgress progress={view.progress ?? run.progress} status={status} />
        <Facts run={run} lastSeq={view.lastSeq} />
      </Stack>
      <Parts run={run} view={view} live={<Live run={run} view={view} status={status} answers={answers} />} />
    </Page>
  );
}
