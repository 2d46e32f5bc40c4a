/** Numbers as people of this language write them. */
import { moneyText } from "./money";

const WHOLE = new Intl.NumberFormat();
const SHORT = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1, notation: "compact" });

/** 1,234,567. */
export function countText(value: number): string {
  return WHOLE.format(value);
}

/** 1.2M: for axes, where room is little. */
export function shortText(value: number): string {
  return SHORT.format(value);
}

/** A share from 0 to 1 as per cent: 12.5%. "–" where there is none. */
export function percentText(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined || !Number.isFinite(share)
    ? "–"
    : new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: digits }).format(share);
}

/** Milliseconds as 45 ms or 3.2 s. "–" where there are none. */
export function millisecondsText(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return value < 1000
    ? `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
    : `${(value / 1000).toFixed(1)} s`;
}

/** US dollars, told as a decimal string. */
export function dollarsText(amount: string): string {
  return moneyText({ amount, currency: "USD" });
}
