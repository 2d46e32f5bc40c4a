/** How long a question stays open, second by second. */
import { Badge, Group, Text } from "@mantine/core";
import { leftUntil, useNow } from "@/kit/clock";
import { Moment } from "@/kit/moments";
import { inbox as text } from "@/strings/inbox";

/** Milliseconds from which on it is said in amber that little time is left. */
const LITTLE = 3_600_000;

export interface Left {
  readonly label: string;
  readonly color: string;
  readonly over: boolean;
}

/** What is left until a moment: in words, and how urgent. */
export function urgencyOf(expiresAt: string, now: number): Left {
  const left = leftUntil(expiresAt, now);
  if (left === null) return { label: text.expired, color: "red", over: true };
  const isSoon = Date.parse(expiresAt) - now < LITTLE;
  return { label: text.expiresIn(left), color: isSoon ? "amber" : "gray", over: false };
}

interface CountdownProps {
  readonly expiresAt: string;
  /** What happens then. */
  readonly after?: string;
}

export function Countdown({ expiresAt, after }: CountdownProps) {
  const { label, color } = urgencyOf(expiresAt, useNow());
  return (
    <Group gap="xs">
      <Badge variant="light" color={color} className="numeric" role="timer" data-testid="countdown">
        {label}
      </Badge>
      <Text size="xs" c="dimmed">
        <Moment at={expiresAt} />
        {after && `, ${after}`}
      </Text>
    </Group>
  );
}
