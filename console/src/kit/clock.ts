/** The present, for what is told as an age or as time that is left. */
import { useEffect, useState } from "react";
import { durationOf } from "./moments";

interface Ticking {
  /** Whether somebody needs it: without, it stands still. */
  readonly isTicking?: boolean;
  /** Milliseconds from one tick to the next. */
  readonly every?: number;
  /** Something with which the present is told anew, as it has just happened. */
  readonly reason?: unknown;
}

/** Milliseconds since 1970, told anew each second. */
export function useNow({ isTicking = true, every = 1_000, reason }: Ticking = {}): number {
  const [now, setNow] = useState(Date.now);
  // biome-ignore lint/correctness/useExhaustiveDependencies: something has happened, so that it is now
  useEffect(() => {
    if (!isTicking) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [isTicking, every, reason]);
  return now;
}

/** How long it is until something happens, in words; null once it has. */
export function leftUntil(at: string, now: number): string | null {
  const seconds = Math.ceil((Date.parse(at) - now) / 1_000);
  if (!(seconds > 0)) return null;
  return seconds < 60 ? `${seconds} s` : durationOf(seconds);
}
