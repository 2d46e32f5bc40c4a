/** What will run if an action is approved: all of it, as far as whoever looks may see it. */
import { Alert, Badge, Box, Group, List, Stack, Text, Title } from "@mantine/core";
import { IconEyeOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Schema } from "@/api/client";
import { Copyable, CopyValue } from "@/kit/copyable";
import { pretty } from "@/kit/json";
import { diffOf } from "@/kit/line-diff";
import { LineDiff } from "@/kit/line-diff-view";
import { Moment } from "@/kit/moments";
import { moneyText } from "@/kit/money";
import { inbox as text } from "@/strings/inbox";
import { beforeOf, isMasked } from "./edited";
import classes from "./inbox.module.css";

type Action = Schema<"IntendedAction">;

export function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Stack gap={6} component="section">
      <Title order={3} size="h5">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

export function WhatWillRun({ action }: { readonly action: Action }) {
  const shown = pretty(action.arguments);
  return (
    <Section title={text.willRun}>
      <Facts action={action} />
      <Group gap={4}>
        <Text size="sm" c="dimmed">
          {text.arguments}
        </Text>
        <CopyValue value={shown} />
      </Group>
      <Box
        component="section"
        className={classes.code ?? ""}
        tabIndex={0}
        aria-label={text.argumentsLabel}
        data-testid="arguments"
      >
        <div className={classes.line}>{shown}</div>
      </Box>
      {isMasked([action.arguments, action.changes]) && (
        <Alert icon={<IconEyeOff size={16} />} color="gray" p="xs" data-testid="masked">
          {text.masked}
        </Alert>
      )}
    </Section>
  );
}

function Facts({ action }: { readonly action: Action }) {
  return (
    <dl className={classes.facts}>
      <dt>{text.tool}</dt>
      <dd>
        <Text component="span" fw={600} className="mono" data-testid="tool">
          {action.tool}
        </Text>
      </dd>
      <dt>{text.cost}</dt>
      <dd>
        <Text component="span" fw={action.cost ? 600 : 400} data-testid="cost">
          {action.cost ? moneyText(action.cost) : text.noCost}
        </Text>
      </dd>
      <dt>{text.environment}</dt>
      <dd>{text.workflow(action.workflow, action.agent)}</dd>
      <dt>{text.step}</dt>
      <dd>
        <Copyable value={action.step} />
      </dd>
      <dt>{text.principal}</dt>
      <dd>{action.principal ? <Copyable value={action.principal} /> : text.nobody}</dd>
      <dt>{text.marks}</dt>
      <dd>
        <Marks marks={action.marks} />
      </dd>
      <dt>{text.digest}</dt>
      <dd>
        <Copyable value={action.digest} shown={16} />
        <Text size="xs" c="dimmed">
          {text.digestHint}
        </Text>
      </dd>
    </dl>
  );
}

function Marks({ marks }: { readonly marks: readonly string[] }) {
  if (marks.length === 0) return text.noMarks;
  const meaning: Readonly<Record<string, string>> = text.markMeaning;
  return (
    <Stack gap={2}>
      {marks.map((mark) => (
        <Group key={mark} gap={6}>
          <Badge color="amber" variant="light">
            {mark}
          </Badge>
          <Text size="sm">{meaning[mark] ?? ""}</Text>
        </Group>
      ))}
    </Stack>
  );
}

/** What an edit, a delegation or an escalation has changed; nothing where there was none. */
export function WhatChanged({ action }: { readonly action: Action }) {
  const { changes = [], edited_by, delegated_by, escalated, note } = action;
  if (changes.length === 0 && !edited_by && !delegated_by && !escalated && !note) return null;
  return (
    <Section title={text.changed}>
      {edited_by && <Text size="sm">{text.editedBy(edited_by)}</Text>}
      {delegated_by && <Text size="sm">{text.delegatedBy(delegated_by)}</Text>}
      {escalated && <Text size="sm">{text.escalated}</Text>}
      {note && (
        <Alert color="amber" title={text.notTaken} p="xs">
          {note}
        </Alert>
      )}
      {changes.length > 0 && (
        <LineDiff
          label={text.diffLabel}
          rows={diffOf(pretty(beforeOf(action.arguments, changes)), pretty(action.arguments))}
        />
      )}
    </Section>
  );
}

export function PolicyReasons({ action }: { readonly action: Action }) {
  return (
    <Section title={text.why}>
      <List size="sm" spacing={2}>
        {action.reasons.map((reason) => (
          <List.Item key={reason}>{reason}</List.Item>
        ))}
      </List>
      <Group gap={6}>
        <Text size="sm" c="dimmed">
          {text.policies}
        </Text>
        {action.policies.map((policy) => (
          <Badge key={policy} variant="default" data-testid="policy">
            {policy}
          </Badge>
        ))}
        {action.policy_version && (
          <Text size="xs" c="dimmed">
            {text.policyVersion(action.policy_version)}
          </Text>
        )}
      </Group>
    </Section>
  );
}

/** The last things that the run did before it asked. */
export function SoFar({ action }: { readonly action: Action }) {
  const past = action.so_far ?? [];
  if (past.length === 0) return null;
  return (
    <Section title={text.soFar}>
      <Stack gap={2}>
        {past.map(({ step, what, at }) => (
          <Group key={`${step} ${what} ${at}`} gap="xs" wrap="nowrap" align="baseline">
            <Text component="div" size="xs" c="dimmed">
              <Moment at={at} short />
            </Text>
            <Text size="sm" className="mono" style={{ overflowWrap: "anywhere" }}>
              {step}
            </Text>
            <Text size="xs" c="dimmed">
              {what}
            </Text>
          </Group>
        ))}
      </Stack>
    </Section>
  );
}
