/** One question of a run: what is asked and why, and where one may, a place to answer. */
import { Card, Chip, Group, Radio, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useId } from "react";
import { leftUntil, useNow } from "@/kit/clock";
import { run as text } from "@/strings/run";
import style from "./run.module.css";
import type { Question } from "./use-answers";

const words = text.questions;
/** What an answer may have at most. */
const LONGEST = 10_000;

interface QuestionFieldProps {
  readonly question: Question;
  /** Its place among the open ones, from 0. */
  readonly place: number;
  readonly isMine: boolean;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function QuestionField({ question, place, isMine, value, onChange }: QuestionFieldProps) {
  return (
    <Card withBorder padding="sm" data-testid="question" data-question={question.id}>
      <Stack gap={6}>
        {isMine ? (
          <AnswerField question={question} place={place} value={value} onChange={onChange} />
        ) : (
          <ReadOnly question={question} />
        )}
        {question.why && (
          <Text size="sm" c="dimmed" className={style.said}>
            {words.why(question.why)}
          </Text>
        )}
        <Suggestion question={question} />
        <Countdown question={question} />
      </Stack>
    </Card>
  );
}

function AnswerField({ question, place, value, onChange }: Omit<QuestionFieldProps, "isMine">) {
  const asked = {
    label: question.prompt,
    description: forWhom(question),
    value,
    maxLength: LONGEST,
    "data-testid": `question-${place}-input`,
  };
  if (question.choices.length === 0)
    return <Textarea {...asked} rows={2} onChange={(event) => onChange(event.currentTarget.value)} />;
  if (!question.free) return <Closed question={question} place={place} value={value} onChange={onChange} />;
  return (
    <>
      <TextInput {...asked} onChange={(event) => onChange(event.currentTarget.value)} />
      <Choices choices={question.choices} value={value} onChange={onChange} />
    </>
  );
}

/** Nothing but one of the choices is an answer. */
function Closed({ question, place, value, onChange }: Omit<QuestionFieldProps, "isMine">) {
  return (
    <Radio.Group
      label={question.prompt}
      description={forWhom(question)}
      value={chosenOf(question.choices, value) ?? null}
      onChange={onChange}
      data-testid={`question-${place}-input`}
    >
      <Group gap="md" mt={6}>
        {question.choices.map((choice) => (
          <Radio key={choice} value={choice} label={choice} size="sm" />
        ))}
      </Group>
    </Radio.Group>
  );
}

/** The choice that a text names, in any case of letters, as the server reads it. */
function chosenOf(choices: readonly string[], value: string): string | undefined {
  return choices.find((choice) => choice.toLowerCase() === value.trim().toLowerCase());
}

interface ChoicesProps {
  readonly choices: readonly string[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A choice fills the field above; what is typed there chooses here. */
function Choices({ choices, value, onChange }: ChoicesProps) {
  const name = useId();
  const chosen = chosenOf(choices, value);
  return (
    <Group gap={6} role="radiogroup" aria-label={words.choices}>
      {choices.map((choice) => (
        <Chip
          key={choice}
          type="radio"
          name={name}
          size="xs"
          variant="light"
          checked={choice === chosen}
          onChange={() => onChange(choice)}
        >
          {choice}
        </Chip>
      ))}
    </Group>
  );
}

function ReadOnly({ question }: { readonly question: Question }) {
  return (
    <>
      <Text fw={500} size="sm" className={style.said}>
        {question.prompt}
      </Text>
      {question.choices.length > 0 && <Text size="sm">{question.choices.join(" · ")}</Text>}
      <Text size="sm" data-testid="question-read-only">
        {whoCan(question)}
      </Text>
    </>
  );
}

function forWhom({ role, assignee }: Question): string | undefined {
  if (assignee) return words.forAssignee(assignee);
  return role === null ? undefined : words.forRole(role);
}

/** Who can answer, for those who cannot. */
export function whoCan({ role, assignee }: Question): string {
  if (assignee) return words.onlyAssignee(assignee);
  return role === null ? words.onlyRoles : words.onlyRole(role);
}

function Suggestion({ question }: { readonly question: Question }) {
  if (question.default === null) return null;
  return (
    <Text size="sm" c="dimmed" className={style.said}>
      {[
        words.suggested(question.default),
        question.default_assumes && words.assumes(question.default_assumes),
      ]
        .filter(Boolean)
        .join(" ")}
    </Text>
  );
}

/** How long it may be answered, and what is taken then. */
export function Countdown({ question }: { readonly question: Question }) {
  const now = useNow({ isTicking: question.expires_at !== null });
  if (question.expires_at === null) return null;
  const left = leftUntil(question.expires_at, now);
  const taken = question.default;
  const said =
    taken === null
      ? left === null
        ? words.expired
        : words.expiresIn(left)
      : left === null
        ? words.takenNow(taken)
        : words.takenIn(taken, left);
  return (
    <Text size="sm" fw={500} role="timer" className="numeric" data-testid="question-countdown">
      {said}
    </Text>
  );
}
