/** An action that waits for somebody's word: what will run, why it is asked, and the form that decides. */
import { Alert, Stack } from "@mantine/core";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useMe } from "@/app/session";
import { Loading } from "@/kit/states";
import { inbox as text } from "@/strings/inbox";
import { Closing } from "./closing";
import { Countdown } from "./countdown";
import { Decision } from "./decision";
import { PolicyReasons, SoFar, WhatChanged, WhatWillRun } from "./facts";
import { mayDecide } from "./may";
import { Needed } from "./others";
import { useQuestion } from "./use-questions";

interface ApprovalProps {
  readonly question: Schema<"Question">;
  readonly onDone?: () => void;
  /** Within its run, which tells by itself what was done before. */
  readonly inRun?: boolean;
}

/** It asks for the question by itself, as a list tells less of it: no answer, and nothing of what the run did. */
export function Approval({ question: listed, onDone, inRun = false }: ApprovalProps) {
  const me = useMe();
  const { data: question = listed } = useQuestion(listed.id, listed);
  const [changed, setChanged] = useState(false);
  const { action } = question;
  if (!action) return <Loading />;
  const isOpen = question.status === "open";
  return (
    <Stack gap="md" data-testid="approval">
      {changed && (
        <Alert color="amber" role="alert" data-testid="changed">
          {text.conflict}
        </Alert>
      )}
      {isOpen && question.expires_at && (
        <Countdown
          expiresAt={question.expires_at}
          after={action.on_expiry === "approve" ? text.thenApproved : text.thenRefused}
        />
      )}
      {!isOpen && <Closing question={question} />}
      <WhatChanged action={action} />
      <WhatWillRun action={action} />
      {isOpen && (
        <Decision
          key={question.id}
          question={question}
          action={action}
          may={mayDecide(me, question)}
          onDone={onDone}
          onChanged={() => setChanged(true)}
        />
      )}
      <PolicyReasons action={action} />
      <Needed question={question} action={action} />
      {!inRun && <SoFar action={action} />}
    </Stack>
  );
}
