/** How much of a budget is gone: its present period, the shares of its bar, and amounts in words. */
import type { Schema } from "@/api/client";
import { moneyText } from "@/kit/money";
import { budgets as text } from "@/strings/budgets";

export type Budget = Schema<"Budget">;
export type Usage = Schema<"Usage">;

/** An amount in the unit of its budget. */
export function amountText(budget: Pick<Budget, "unit" | "currency">, amount: string | number): string {
  if (budget.unit === "money" && budget.currency)
    return moneyText({ amount: String(amount), currency: budget.currency });
  const counted = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 }).format(Number(amount));
  return text.counted(counted, text.units[budget.unit].toLowerCase());
}

/** Whose spending counts, in words. */
export function scopeText({ scope, subject }: Pick<Budget, "scope" | "subject">): string {
  if (scope === "tenant") return text.scopes.tenant;
  return subject === "*" ? text.eachRun : `${text.scopes[scope]} ${subject}`;
}

/** What is spent and reserved now: of the latest period, unless that is over. */
export function presentOf(
  usages: readonly Usage[],
  now: number,
): Pick<Usage, "spent" | "reserved" | "period"> {
  const latest = usages[0];
  const over = latest?.ends_at ? Date.parse(latest.ends_at) <= now : false;
  return latest === undefined || over ? { spent: "0", reserved: "0", period: "" } : latest;
}

export interface Bar {
  /** Shares of the whole bar, in per cent. */
  readonly spent: number;
  readonly reserved: number;
  readonly soft: number | null;
  readonly hard: number | null;
  readonly state: "within" | "soft" | "hard";
}

/** The bar reaches to the highest limit, or to what is gone where that is more. */
export function barOf(budget: Pick<Budget, "soft" | "hard">, usage: Pick<Usage, "spent" | "reserved">): Bar {
  const spent = Number(usage.spent);
  const reserved = Number(usage.reserved);
  const soft = numberOf(budget.soft);
  const hard = numberOf(budget.hard);
  const gone = spent + reserved;
  const whole = Math.max(hard ?? 0, soft ?? 0, gone) || 1;
  const share = (amount: number) => Math.round((amount / whole) * 10_000) / 100;
  let state: Bar["state"] = "within";
  if (soft !== null && gone > soft) state = "soft";
  if (hard !== null && gone >= hard) state = "hard";
  return {
    spent: share(spent),
    reserved: share(reserved),
    soft: soft === null ? null : share(soft),
    hard: hard === null ? null : share(hard),
    state,
  };
}

export function numberOf(amount: string | null | undefined): number | null {
  return amount === null || amount === undefined ? null : Number(amount);
}

const WRITTEN = /^[0-9]{1,15}(\.[0-9]{1,6})?$/;

/** Whether a text is an amount as the API takes it; nothing is one, too. */
export function isAmount(written: string): boolean {
  return written.trim() === "" || WRITTEN.test(written.trim());
}
