/** The form of an approver: approve, refuse with a reason, edit the arguments, or leave it to somebody else. */
import { Alert, Button, Group, Text, Textarea } from "@mantine/core";
import { IconCheck, IconPencil, IconUserShare, IconX } from "@tabler/icons-react";
import { type RefObject, useRef, useState } from "react";
import type { Schema } from "@/api/client";
import { Failure } from "@/kit/states";
import { inbox as text } from "@/strings/inbox";
import { DelegateForm } from "./delegate-form";
import { EditForm } from "./edit-form";
import { Section } from "./facts";
import type { May } from "./may";
import { type Decision as Decided, useDecision } from "./use-decision";
import type { Question } from "./use-questions";

interface DecisionProps {
  readonly question: Question;
  readonly action: Schema<"IntendedAction">;
  readonly may: May;
  readonly onDone: (() => void) | undefined;
  /** It is not what was looked at any more; the question is asked for anew. */
  readonly onChanged: () => void;
}

export const APPROVE = "approve";
export const COMMENT = "comment";

export function Decision({ question, action, may, onDone, onChanged }: DecisionProps) {
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const [open, setOpen] = useState<"edit" | "delegate" | null>(null);
  const comment = useRef<HTMLTextAreaElement>(null);
  const decision = useDecision(question, onDone, onChanged);
  const send = (decided: Decided) => decision.mutate({ ...decided, digest: action.digest });
  const refuse = () => {
    if (reason.trim() === "") {
      setMissing(true);
      comment.current?.focus();
    } else send({ verdict: "refuse", reason });
  };
  if (!may.answer) return may.why === null ? null : <Text c="dimmed">{may.why}</Text>;
  return (
    <Section title={text.decide}>
      {may.why && <Alert color="amber">{may.why}</Alert>}
      <Comment
        field={comment}
        value={reason}
        missing={missing}
        change={(value) => {
          setReason(value);
          setMissing(false);
        }}
      />
      <Buttons
        may={may}
        busy={decision.isPending}
        open={open}
        approve={() => send({ verdict: "approve", reason })}
        refuse={refuse}
        toggle={(which) => setOpen(open === which ? null : which)}
      />
      {open === "edit" && (
        <EditForm
          given={action.arguments}
          busy={decision.isPending}
          send={(changed) => send({ verdict: "edit", reason, arguments: changed })}
        />
      )}
      {open === "delegate" && (
        <DelegateForm
          busy={decision.isPending}
          send={(whom) => send({ verdict: "delegate", reason, ...whom })}
        />
      )}
      {decision.error && <Failure error={decision.error} />}
    </Section>
  );
}

interface CommentProps {
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly value: string;
  readonly missing: boolean;
  readonly change: (value: string) => void;
}

function Comment({ field, value, missing, change }: CommentProps) {
  return (
    <Textarea
      data-shortcut={COMMENT}
      ref={field}
      label={text.comment}
      description={text.commentHint}
      error={missing && text.commentNeeded}
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
      autosize
      minRows={2}
      maxRows={8}
      maxLength={2_000}
    />
  );
}

interface ButtonsProps {
  readonly may: May;
  readonly busy: boolean;
  readonly open: "edit" | "delegate" | null;
  readonly approve: () => void;
  readonly refuse: () => void;
  readonly toggle: (which: "edit" | "delegate") => void;
}

function Buttons({ may, busy, open, approve, refuse, toggle }: ButtonsProps) {
  return (
    <Group gap="xs">
      {may.approve && (
        <Button
          data-shortcut={APPROVE}
          leftSection={<IconCheck size={16} />}
          onClick={approve}
          loading={busy}
          data-testid="approve"
        >
          {text.approve}
        </Button>
      )}
      <Button
        variant="light"
        color="red"
        leftSection={<IconX size={16} />}
        onClick={refuse}
        loading={busy}
        data-testid="refuse"
      >
        {text.refuse}
      </Button>
      {may.approve && (
        <Button
          variant="default"
          leftSection={<IconPencil size={16} />}
          onClick={() => toggle("edit")}
          aria-expanded={open === "edit"}
        >
          {text.edit}
        </Button>
      )}
      {may.approve && (
        <Button
          variant="default"
          leftSection={<IconUserShare size={16} />}
          onClick={() => toggle("delegate")}
          aria-expanded={open === "delegate"}
        >
          {text.delegate}
        </Button>
      )}
    </Group>
  );
}
