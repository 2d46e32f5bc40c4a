/** What a run asks of people, in place: questions as one form, approvals each by itself, and what became of them. */
import { Alert, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import type { Schema } from "@/api/client";
import { Approval } from "@/features/inbox/approval";
import { Failure } from "@/kit/states";
import { run as text } from "@/strings/run";
import type { RunView } from "./journal";
import { QuestionField } from "./question-field";
import style from "./run.module.css";
import type { Answers, Question } from "./use-answers";

const words = text.questions;

interface QuestionsProps {
  readonly answers: Answers;
  readonly view: RunView;
}

export function Questions({ answers, view }: QuestionsProps) {
  const { plain, approvals, isResumed, gone } = answers;
  return (
    <Stack gap="sm">
      {gone.map((question) => (
        <Alert
          key={question.id}
          color="gray"
          p="xs"
          role="status"
          withCloseButton
          closeButtonLabel={words.dismiss}
          onClose={() => answers.dismiss(question)}
          data-testid="question-gone"
        >
          {whatBecameOf(question, view)}
        </Alert>
      ))}
      {isResumed && (
        <Alert color="pilot" p="xs" role="status" data-testid="workflow-resumed">
          {words.resumed}
        </Alert>
      )}
      {plain.length > 0 && <Form answers={answers} />}
      {approvals.map((question) => (
        <Card
          key={question.id}
          component="section"
          withBorder
          padding="sm"
          aria-label={words.approval(question)}
        >
          <Title order={2} size="h4" mb="xs" className={style.said}>
            {words.approval(question)}
          </Title>
          <Approval question={question} onDone={() => answers.done(question)} inRun />
        </Card>
      ))}
    </Stack>
  );
}

function Form({ answers }: { readonly answers: Answers }) {
  const { plain, filled, isMine, isSending, error } = answers;
  const isForMe = plain.some(isMine);
  return (
    <section data-testid="hitl-questions" aria-labelledby="questions-title">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (filled.length > 0 && !isSending) answers.send();
        }}
      >
        <Stack gap="sm">
          <Title order={2} size="h4" id="questions-title">
            {words.title(plain.length)}
          </Title>
          {isForMe && (
            <Text size="sm" c="dimmed">
              {words.hint}
            </Text>
          )}
          {plain.map((question, place) => (
            <QuestionField
              key={question.id}
              question={question}
              place={place}
              isMine={isMine(question)}
              value={answers.draftOf(question)}
              onChange={(value) => answers.type(question, value)}
            />
          ))}
          {error !== undefined && <Failure error={error} title={words.notSent} retry={answers.send} />}
          {isForMe && (
            <Group>
              <Button
                type="submit"
                loading={isSending}
                disabled={filled.length === 0}
                data-testid="submit-answers"
              >
                {words.submit(filled.length)}
              </Button>
            </Group>
          )}
        </Stack>
      </form>
    </section>
  );
}

/** Who closed a question and how, by what the journal says of it. */
export function whatBecameOf({ key, prompt }: Pick<Question, "key" | "prompt">, view: RunView): string {
  const entry = view.entries.findLast(
    (one) => one.key === key && ["answered", "withdrawn", "expired"].includes(one.kind),
  );
  if (entry?.kind === "withdrawn") return words.withdrawn(prompt);
  if (entry?.kind === "expired") return words.expiredGone(prompt);
  const reply = (entry?.payload ?? {}) as { by?: Schema<"JsonValue">; answer?: Schema<"JsonValue"> };
  return words.answeredBy(prompt, String(reply.by || words.somebody), String(reply.answer ?? ""));
}
