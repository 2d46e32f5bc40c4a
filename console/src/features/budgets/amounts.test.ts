import { expect, test } from "vitest";
import { amountText, type Budget, barOf, isAmount, presentOf, scopeText, type Usage } from "./amounts";
import { burnOf } from "./burn";
import { isWhole, termsOf } from "./fields";

const usage = (period: string, starts_at: string, ends_at: string, spent: string): Usage => ({
  period,
  starts_at,
  ends_at,
  spent,
  reserved: "0",
  remaining: null,
  alerted: 0,
});
const OCTOBER = usage("2026-10", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", "40");
const NOVEMBER = usage("2026-11", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "60");
const EUR = { unit: "money", currency: "EUR" } as const;

test("a bar reaches to the hard limit, with the soft one where it is", () => {
  expect(barOf({ soft: "100", hard: "200" }, { spent: "50", reserved: "25" })).toEqual({
    spent: 25,
    reserved: 12.5,
    soft: 50,
    hard: 100,
    state: "within",
  });
});

test("beyond a limit is said, and what is beyond a soft limit alone stretches the bar", () => {
  expect(barOf({ soft: "100", hard: "200" }, { spent: "90", reserved: "20" }).state).toBe("soft");
  expect(barOf({ soft: "100", hard: "200" }, { spent: "200", reserved: "0" }).state).toBe("hard");
  expect(barOf({ soft: "100", hard: null }, { spent: "200", reserved: "0" })).toMatchObject({
    spent: 100,
    soft: 50,
  });
  expect(barOf({ soft: null, hard: "0" }, { spent: "0", reserved: "0" })).toMatchObject({
    spent: 0,
    state: "hard",
  });
});

test("of the present period nothing is spent where the latest one is over", () => {
  const within = Date.parse("2026-11-15T00:00:00Z");
  expect(presentOf([NOVEMBER, OCTOBER], within).spent).toBe("60");
  expect(presentOf([OCTOBER], within).spent).toBe("0");
  expect(presentOf([], within).spent).toBe("0");
});

test("amounts and scopes are told in words", () => {
  expect(amountText(EUR, "12.5")).toBe("€12.50");
  expect(amountText({ unit: "tokens", currency: null }, "20000")).toBe("20,000 tokens");
  expect(scopeText({ scope: "run", subject: "*" })).toBe("Each run by itself");
  expect(scopeText({ scope: "workflow", subject: "support" })).toBe("Workflow support");
});

test("the chart has periods from the first to the last, and what is expected of the present one", () => {
  const budget = { ...EUR, period: "month", soft: null, hard: "100" } as Budget;
  const forecast = { period: "2026-11", expected: "80" } as Parameters<typeof burnOf>[2];
  const [whens, spent, expected, soft, hard] = burnOf(budget, [NOVEMBER, OCTOBER], forecast)?.columns ?? [];
  expect(whens).toHaveLength(4);
  expect(spent).toEqual([null, 40, 60, null]);
  expect(expected).toEqual([null, null, 80, null]);
  expect([soft?.[0], hard?.[3]]).toEqual([null, 100]);
  expect(burnOf(budget, [{ ...NOVEMBER, starts_at: null }], undefined)).toBeNull();
});

test("a form is whole with one limit, each an amount, and names a role only for approvals", () => {
  const terms = { soft: "", hard: "10.50", beyond: "deny", role: "finance", lost: "charge" } as const;
  expect(isWhole(terms)).toBe(true);
  expect(isWhole({ ...terms, hard: "" })).toBe(false);
  expect(isWhole({ ...terms, hard: "1e3" })).toBe(false);
  expect(isAmount("0.1234567")).toBe(false);
  expect(termsOf(terms)).toEqual({ soft: null, hard: "10.50", beyond: "deny", role: null, lost: "charge" });
  expect(termsOf({ ...terms, beyond: "approval" }).role).toBe("finance");
});
