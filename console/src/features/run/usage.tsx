/** What a run has taken of models so far: money, tokens and calls, told anew as its journal grows. */
import { useEffect, useRef } from "react";
import { $api } from "@/api/client";
import { useCan } from "@/app/session";
import { moneyText } from "@/kit/money";
import { common } from "@/strings/common";
import { run as text } from "@/strings/run";
import { throttled } from "./batching";
import { Fact } from "./fact";

/** Milliseconds between two looks, at least. */
const OFTEN = 1_500;
const NUMBER = new Intl.NumberFormat();

interface RunUsageProps {
  readonly runId: string;
  readonly since: string;
  /** The last entry that was seen: another one means that there may be more to tell. */
  readonly lastSeq: number;
}

/** Nothing is told to those who may not see usage. */
export function RunUsage({ runId, since, lastSeq }: RunUsageProps) {
  const can = useCan();
  const isAllowed = can("usage:read");
  const { data, refetch } = $api.useQuery(
    "get",
    "/api/v1/usage",
    { params: { query: { run_id: runId, since } } },
    { enabled: isAllowed },
  );
  const look = useRef<() => void>(undefined);
  look.current ??= throttled(() => void refetch(), OFTEN);
  useEffect(() => {
    if (lastSeq > 0 && isAllowed) look.current?.();
  }, [lastSeq, isAllowed]);
  if (!isAllowed) return null;
  const total = data?.total;
  return (
    <Fact name={text.usage}>
      <span data-testid="run-usage">
        {total
          ? [
              moneyText({ amount: total.cost, currency: "USD" }),
              text.tokens(NUMBER.format(total.input_tokens + total.output_tokens)),
              text.calls(total.calls),
            ].join(" · ")
          : common.loading}
      </span>
    </Fact>
  );
}
