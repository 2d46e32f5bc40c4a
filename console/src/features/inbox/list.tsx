/** The questions of a view, each a link to the whole of it. */
import { Badge, Button, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useNow } from "@/kit/clock";
import { Moment } from "@/kit/moments";
import { moneyText } from "@/kit/money";
import { common } from "@/strings/common";
import { inbox as text } from "@/strings/inbox";
import { urgencyOf } from "./countdown";
import classes from "./inbox.module.css";
import type { Listed, Question } from "./use-questions";

const COLOURS: Record<Question["kind"], string> = {
  approval: "pilot",
  question: "gray",
  unknown_outcome: "red",
};

interface QuestionListProps {
  readonly listed: Listed;
  readonly selected: string | undefined;
  readonly principal: string | undefined;
}

export function QuestionList({ listed, selected, principal }: QuestionListProps) {
  const now = useNow();
  return (
    <>
      <ul className={classes.list} aria-label={text.listLabel}>
        {listed.items.map((question) => (
          <li key={question.id}>
            <Link
              to="/inbox/$questionId"
              params={{ questionId: question.id }}
              search={(before: object) => before}
              className={classes.item ?? ""}
              aria-current={question.id === selected}
              data-testid="inbox-item"
            >
              <Item question={question} now={now} principal={principal} />
            </Link>
          </li>
        ))}
      </ul>
      {listed.more && (
        <Button variant="default" fullWidth mt="xs" onClick={listed.loadMore}>
          {common.more}
        </Button>
      )}
    </>
  );
}

interface ItemProps {
  readonly question: Question;
  readonly now: number;
  readonly principal: string | undefined;
}

function Item({ question, now, principal }: ItemProps) {
  const { kind, action, status, expires_at, created_at } = question;
  const left = status === "open" && expires_at ? urgencyOf(expires_at, now) : null;
  return (
    <>
      <Group gap={6} justify="space-between" wrap="nowrap">
        <Badge color={COLOURS[kind]} variant="light" size="sm">
          {text.kinds[kind]}
        </Badge>
        <Text size="xs" c="dimmed" component="span">
          <Moment at={created_at} />
        </Text>
      </Group>
      <Text size="sm" fw={600} lineClamp={2}>
        {action ? action.tool : question.prompt}
        {action?.cost && ` · ${moneyText(action.cost)}`}
      </Text>
      <Group gap={6}>
        <Text size="xs" c="dimmed">
          {wantedOf(question, principal)}
        </Text>
        {status !== "open" && (
          <Text size="xs" c="dimmed">
            {text.statuses[status]}
          </Text>
        )}
        {left && (
          <Text size="xs" {...(left.color === "gray" && { c: "dimmed" })} className="numeric">
            {left.label}
          </Text>
        )}
      </Group>
    </>
  );
}

/** Whose word is wanted. */
export function wantedOf({ assignee, role }: Question, principal: string | undefined): string {
  if (assignee) return text.forPerson(assignee === principal ? text.you : assignee);
  return role ? text.forRole(role) : text.forAnybody;
}
