/** Money as the API tells it: a decimal string and a currency. */
import type { Schema } from "@/api/client";

/** 12.50 USD as people of this language write it; with four digits below a cent, so that little is not nothing. */
export function moneyText({ amount, currency }: Schema<"Money-Output">): string {
  const value = Number(amount);
  const digits = value !== 0 && Math.abs(value) < 0.01 ? 6 : 2;
  return new Intl.NumberFormat(undefined, {
    style: "currency",
    currency: currency ?? "USD",
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  }).format(value);
}
