/** How long a question stays open, second by second. */
import { Badge, Group, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { durationOf, Moment } from "@/kit/moments";
import { inbox as text } from "@/strings/inbox";

/** Seconds from which on it is said in amber that little time is left. */
const LITTLE = 3_600;

/** The present moment in milliseconds, told anew each second. */
export function useNow(every = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export interface Left {
  readonly label: string;
  readonly color: string;
  readonly over: boolean;
}

/** What is left until a moment: in words, and how urgent. */
export function leftUntil(expiresAt: string, now: number): Left {
  const seconds = Math.ceil((Date.parse(expiresAt) - now) / 1000);
  if (seconds <= 0) return { label: text.expired, color: "red", over: true };
  const color = seconds < LITTLE ? "amber" : "gray";
  return { label: text.expiresIn(seconds < 60 ? `${seconds} s` : durationOf(seconds)), color, over: false };
}

interface CountdownProps {
  readonly expiresAt: string;
  /** What happens then. */
  readonly after?: string;
}

export function Countdown({ expiresAt, after }: CountdownProps) {
  const { label, color } = leftUntil(expiresAt, useNow());
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
