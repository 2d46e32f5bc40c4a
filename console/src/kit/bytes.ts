/** Sizes in bytes, as people read them. */
const UNITS = ["kB", "MB", "GB", "TB"] as const;

/** 512 bytes, 1.2 kB, 20 MB: in thousands, with a digit behind the point below ten. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}
