/** The approvals that one action needs: of which roles, and what has become of each. */
import { Anchor, Badge, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { $api, type Schema } from "@/api/client";
import { inbox as text } from "@/strings/inbox";
import { Section } from "./facts";
import { type Question, useQuestion } from "./use-questions";

interface NeededProps {
  readonly question: Question;
  readonly action: Schema<"IntendedAction">;
}

export function Needed({ question, action }: NeededProps) {
  const query = $api.useQuery("get", "/api/v1/questions", {
    params: { query: { run_id: question.run_id, limit: 100 } },
  });
  const same = (query.data?.items ?? [question]).filter((other) => other.action?.step === action.step);
  return (
    <Section title={text.needed}>
      {same.toReversed().map((other) => (
        <One key={other.id} of={other} shown={question} />
      ))}
      {action.not_requester && (
        <Text size="sm" c="dimmed">
          {text.notRequester}
        </Text>
      )}
    </Section>
  );
}

function One({ of, shown }: { readonly of: Question; readonly shown: Question }) {
  const own = of.id === shown.id;
  return (
    <Group gap="xs" data-testid="needed">
      <Text size="sm" fw={600}>
        {of.action?.role}
      </Text>
      {of.status === "open" ? (
        <Badge color="amber" variant="light">
          {text.statuses.open}
        </Badge>
      ) : (
        <Closed of={of} />
      )}
      {own ? (
        <Text size="sm" c="dimmed">
          {text.thisOne}
        </Text>
      ) : (
        <Anchor
          component={Link}
          to="/inbox/$questionId"
          params={{ questionId: of.id } as never}
          search={((before: object) => before) as never}
          size="sm"
          underline="always"
        >
          {text.kinds.approval}
        </Anchor>
      )}
      {of.action?.digest !== shown.action?.digest && (
        <Text size="sm" c="dimmed">
          {text.earlierVersion}
        </Text>
      )}
    </Group>
  );
}

/** What was decided. The list of questions does not tell; each one by itself does. */
function Closed({ of }: { readonly of: Question }) {
  const { data } = useQuestion(of.id);
  const verdict = verdictOf(data);
  const said = verdict ?? text.closedWithout[of.status as keyof typeof text.closedWithout];
  return (
    <Badge variant="light" color={data?.answer === "approve" ? "green" : "gray"}>
      {of.closed_by ? text.decidedBy(said, of.closed_by) : said}
    </Badge>
  );
}

/** What somebody decided about the action of a question, in words; undefined where nobody did. */
export function verdictOf(question: Question | undefined): string | undefined {
  const verdicts: Readonly<Record<string, string>> = text.verdicts;
  return question?.kind === "approval" && question.answer ? verdicts[question.answer] : undefined;
}
