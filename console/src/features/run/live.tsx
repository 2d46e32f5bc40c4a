/** The first part of a run's screen: what is decided, said and asked, as it comes. */
import { Alert, Stack } from "@mantine/core";
import type { Schema } from "@/api/client";
import { run as text } from "@/strings/run";
import { Cards } from "./cards";
import type { RunView, Status } from "./journal";
import { Making } from "./making";
import { Messages } from "./messages";
import { Questions } from "./questions";
import style from "./run.module.css";
import type { Answers } from "./use-answers";

interface LiveProps {
  readonly run: Schema<"Run">;
  readonly view: RunView;
  readonly status: Status;
  readonly answers: Answers;
}

export function Live({ run, view, status, answers }: LiveProps) {
  return (
    <div className={style.live}>
      <Stack gap="md">
        <Messages messages={view.messages} />
        <Questions answers={answers} view={view} />
        {status === "completed" && (
          <Alert color="green" p="xs" role="status" data-testid="workflow-complete">
            {text.complete}
          </Alert>
        )}
        <Making deltas={view.deltas} />
      </Stack>
      <div className={style.cards}>
        <Cards runId={run.id} cards={view.cards} />
      </div>
    </div>
  );
}
