/** The present moment for what is told as an age: a new one after each stretch of time, and with each `reason`. */
import { useEffect, useState } from "react";

export function useTicking(every: number, reason: unknown = undefined): number {
  const [now, setNow] = useState(Date.now);
  // biome-ignore lint/correctness/useExhaustiveDependencies: something has happened, so that it is now
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every, reason]);
  return now;
}
