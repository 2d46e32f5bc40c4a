/** Why an agent decided as it did. */
import { Card, Group, List, Stack, Text, Title } from "@mantine/core";
import { memo } from "react";
import type { Schema } from "@/api/client";
import { ConfidenceBadge } from "@/kit/badges";
import { Moment } from "@/kit/moments";
import { Thumbs } from "@/kit/thumbs";
import { run as text } from "@/strings/run";
import { type CardAt, parentOf } from "./journal";
import { JsonValues } from "./json-values";
import style from "./run.module.css";

interface ReasonCardProps {
  readonly runId: string;
  readonly at: CardAt;
  readonly isOpen: boolean;
  readonly onToggle: (seq: number, isOpen: boolean) => void;
}

/** Drawn once, and again only where it is opened or closed: many are scrolled through. */
export const ReasonCardView = memo(function ReasonCardView({ runId, at, isOpen, onToggle }: ReasonCardProps) {
  const { card, key } = at;
  return (
    <Card withBorder padding="sm" component="article" data-testid="reason-card" data-seq={at.seq}>
      <Group justify="space-between" gap="xs" align="flex-start">
        <Title order={3} size="h5">
          {card.title || card.agent}
        </Title>
        <Group gap="xs">
          <ConfidenceBadge confidence={card.confidence ?? 1} />
          <Text size="xs" c="dimmed">
            <Moment at={at.at} short />
          </Text>
        </Group>
      </Group>
      <Text size="sm" fw={500} className={style.said}>
        {card.decision}
      </Text>
      <Told steps={card.reasoning ?? []} />
      <Failed rungs={card.failed ?? []} />
      <details open={isOpen} onToggle={(event) => onToggle(at.seq, event.currentTarget.open)}>
        <summary className={style.summary}>{text.showMore}</summary>
        {isOpen && <Details card={card} />}
      </details>
      <Group justify="space-between" gap="xs">
        <Text size="xs" c="dimmed">
          {[card.agent, card.produced_by && text.producedBy(card.produced_by)].filter(Boolean).join(" ")}
        </Text>
        <Thumbs runId={runId} step={parentOf(key) ?? key} />
      </Group>
    </Card>
  );
});

function Told({ steps }: { readonly steps: readonly string[] }) {
  if (steps.length === 0) return null;
  return (
    <List size="sm" c="dimmed" aria-label={text.reasoning}>
      {numbered(steps).map(([place, step]) => (
        <List.Item key={place} className={style.said}>
          {step}
        </List.Item>
      ))}
    </List>
  );
}

/** The rungs of the ladder that were tried in vain, each with its reason. */
function Failed({ rungs }: { readonly rungs: readonly (readonly unknown[])[] }) {
  if (rungs.length === 0) return null;
  return (
    <Text size="sm" component="div">
      {text.failedRungs}
      <List size="sm">
        {numbered(rungs).map(([place, [rung, why]]) => (
          <List.Item key={place} className={style.said}>
            {text.failedRung(String(rung), String(why))}
          </List.Item>
        ))}
      </List>
    </Text>
  );
}

function Details({ card }: { readonly card: Schema<"ReasonCard"> }) {
  return (
    <Stack gap="xs" mt="xs">
      <Part title={text.inputs} testId="reason-card-inputs">
        <JsonValues values={card.inputs ?? {}} />
      </Part>
      <Part title={text.outputs} testId="reason-card-outputs">
        <JsonValues values={card.outputs ?? {}} />
      </Part>
      <Part title={text.alternatives} testId="reason-card-alternatives">
        <Alternatives options={card.alternatives ?? []} />
      </Part>
    </Stack>
  );
}

interface PartProps {
  readonly title: string;
  readonly testId: string;
  readonly children: React.ReactNode;
}

function Part({ title, testId, children }: PartProps) {
  return (
    <div data-testid={testId}>
      <Title order={4} size="sm">
        {title}
      </Title>
      {children}
    </div>
  );
}

function Alternatives({ options }: { readonly options: readonly Schema<"Option">[] }) {
  if (options.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {text.noDetails}
      </Text>
    );
  return (
    <List size="sm">
      {numbered(options).map(([place, { name, reason, score }]) => (
        <List.Item key={place} className={style.said}>
          <Text span fw={500} size="sm">
            {name}
          </Text>
          {score != null && (
            <Text span c="dimmed" size="sm">
              {` (${text.score(score)})`}
            </Text>
          )}
          {`: ${reason}`}
        </List.Item>
      ))}
    </List>
  );
}

/** Things with their places, which are their keys: they never change order, and may be equal. */
function numbered<T>(things: readonly T[]): readonly (readonly [number, T])[] {
  return things.map((thing, place) => [place, thing]);
}
