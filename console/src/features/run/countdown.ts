/** How long it is until something happens, in words; null once it has. */
import { durationOf } from "@/kit/moments";

export function leftUntil(at: string, now: number): string | null {
  const seconds = Math.ceil((Date.parse(at) - now) / 1_000);
  if (!(seconds > 0)) return null;
  return seconds < 60 ? `${seconds} s` : durationOf(seconds);
}
