/** One question, whichever kind it is of. */
import { Anchor, Badge, Group, Stack, Text, Title } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMe } from "@/app/session";
import { Copyable } from "@/kit/copyable";
import { Moment } from "@/kit/moments";
import { Loaded } from "@/kit/states";
import { inbox as text } from "@/strings/inbox";
import { Approval } from "./approval";
import classes from "./inbox.module.css";
import { wantedOf } from "./list";
import { PlainQuestion } from "./question";
import { type Question, useQuestion } from "./use-questions";

export function Detail({ id }: { readonly id: string }) {
  const query = useQuestion(id);
  return (
    <Stack gap="md" data-testid="question-detail">
      <Anchor
        component={Link}
        to="/inbox"
        search={((before: object) => before) as never}
        className={classes.back ?? ""}
        size="sm"
      >
        <Group gap={4} component="span">
          <IconArrowLeft size={16} />
          {text.back}
        </Group>
      </Anchor>
      <Loaded query={query}>
        {(question) => (
          <>
            <Head question={question} />
            {question.kind === "approval" ? (
              <Approval question={question} />
            ) : (
              <PlainQuestion question={question} />
            )}
          </>
        )}
      </Loaded>
    </Stack>
  );
}

function Head({ question }: { readonly question: Question }) {
  const principal = useMe()?.principal;
  const { kind, action, prompt, run_id, created_at, status } = question;
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Badge variant="light" color="gray">
          {text.kinds[kind]}
        </Badge>
        <Badge variant="light" color={status === "open" ? "amber" : "gray"} data-testid="question-status">
          {text.statuses[status]}
        </Badge>
        <Text size="sm" c="dimmed">
          {wantedOf(question, principal)}
        </Text>
      </Group>
      <Title order={2} size="h3" lineClamp={3} style={{ overflowWrap: "anywhere" }}>
        {action ? prompt : text.kinds[kind]}
      </Title>
      <Group gap="xs">
        <Text size="sm" c="dimmed" component="div">
          <Moment at={created_at} />
        </Text>
        <Anchor
          component={Link}
          to="/runs/$runId"
          params={{ runId: run_id } as never}
          size="sm"
          underline="always"
        >
          {text.run}
        </Anchor>
        <Copyable value={run_id} shown={13} />
      </Group>
    </Stack>
  );
}
