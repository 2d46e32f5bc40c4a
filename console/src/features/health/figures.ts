/** Figures of a part in words: the unit stands at the end of a figure's name. */
import { durationOf } from "@/kit/moments";

export interface Figure {
  readonly name: string;
  readonly value: string;
}

const BYTES = ["B", "kB", "MB", "GB", "TB"] as const;

/** `free_bytes: 81327661056` becomes free: 81.3 GB. */
export function figuresOf(figures: Readonly<Record<string, number>>): Figure[] {
  return Object.entries(figures).map(([key, value]) => {
    if (key === "seconds") return { name: "took", value: durationOf(value) };
    if (key.endsWith("_seconds")) return { name: plain(key, "_seconds"), value: durationOf(value) };
    if (key.endsWith("_bytes")) return { name: plain(key, "_bytes"), value: bytesOf(value) };
    if (key.endsWith("_fraction"))
      return { name: plain(key, "_fraction"), value: `${Math.round(value * 100)}%` };
    return { name: plain(key, ""), value: new Intl.NumberFormat().format(value) };
  });
}

function plain(key: string, unit: string): string {
  return key.slice(0, key.length - unit.length).replaceAll("_", " ");
}

function bytesOf(value: number): string {
  let left = value;
  let unit = 0;
  while (left >= 1000 && unit < BYTES.length - 1) {
    left /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? left : left.toFixed(1)} ${BYTES[unit]}`;
}
