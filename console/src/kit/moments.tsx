/** Times in the viewer's zone, with UTC on hover; and durations. */
import { common as text } from "@/strings/common";
import { utcOf } from "./utc";

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const SHORT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

interface MomentProps {
  /** RFC 3339, as the API tells it. */
  readonly at: string | null | undefined;
  /** Only the time of day. */
  readonly short?: boolean;
}

/** The UTC is the browser's own tooltip: lists show thousands of moments, and a component for each is slow. */
export function Moment({ at, short = false }: MomentProps) {
  if (!at) return <span>{text.none}</span>;
  const moment = new Date(at);
  return (
    <time dateTime={at} title={utcOf(at)} className="numeric">
      {(short ? SHORT : FULL).format(moment)}
    </time>
  );
}

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
] as const;

/** A duration in the two largest units that it has: 2 h 5 min, 3.2 s, 45 ms. */
export function durationOf(seconds: number): string {
  if (!Number.isFinite(seconds)) return text.unknown;
  if (seconds < 0.9995) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  let left = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 || parts.length > 0) parts.push(`${count} ${unit}`);
  }
  parts.push(`${left} s`);
  return parts.slice(0, 2).join(" ");
}

/** Seconds between two moments of the API. */
export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
