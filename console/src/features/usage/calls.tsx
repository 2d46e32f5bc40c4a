/** The calls themselves, the newest first. */
import { Badge, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { $api, type Schema } from "@/api/client";
import { countText, dollarsText, millisecondsText } from "@/kit/figures";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Nothing } from "@/kit/states";
import { common } from "@/strings/common";
import { usage as text } from "@/strings/usage";
import type { Filters } from "./asked";
import { isUnpriced } from "./pivot";

type Call = Schema<"ShownCall">;

const COLUMNS: readonly Column<Call>[] = [
  { header: text.at, cell: ({ at }) => <Moment at={at} /> },
  { header: text.model, cell: (call) => <Model call={call} /> },
  { header: text.forWhom, cell: (call) => <ForWhom call={call} /> },
  {
    header: text.run,
    cell: ({ run_id, workflow }) =>
      run_id ? (
        <Link to="/runs/$runId" params={{ runId: run_id }}>
          {workflow || run_id}
        </Link>
      ) : (
        common.none
      ),
  },
  {
    header: text.outcome,
    cell: ({ outcome }) => (
      <Badge variant="light" color={outcome === "ok" ? "green" : "red"}>
        {outcome}
      </Badge>
    ),
  },
  {
    header: text.tokens,
    className: "numeric",
    cell: ({ input_tokens, output_tokens }) =>
      text.tokensOf(countText(input_tokens), countText(output_tokens)),
  },
  {
    header: text.cost,
    className: "numeric",
    cell: (call) => (isUnpriced(call, call.cached ? 0 : 1) ? text.unpriced : dollarsText(call.cost)),
  },
  { header: text.latency, className: "numeric", cell: ({ latency_ms }) => millisecondsText(latency_ms) },
];

export function Calls({ since, filters }: { readonly since: string; readonly filters: Filters }) {
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/usage/calls",
    { params: { query: { since, limit: 50, ...filters } } },
    PAGES,
  );
  return (
    <PagedListing
      query={query}
      label={text.calls}
      columns={COLUMNS}
      keyOf={({ id }) => id}
      width={1000}
      testId="calls-table"
      empty={<Nothing title={text.noCalls} hint={text.noCallsHint} />}
    />
  );
}

function Model({ call: { provider, model, cached } }: { readonly call: Call }) {
  return (
    <>
      {provider ? `${provider}:${model}` : model}
      {cached && (
        <Badge variant="light" color="gray" ml={6}>
          {text.cached}
        </Badge>
      )}
    </>
  );
}

function ForWhom({ call: { agent, principal, prompt, prompt_version } }: { readonly call: Call }) {
  return (
    <>
      {agent || principal}
      {prompt && (
        <Text size="xs" c="dimmed">
          {text.promptVersion(prompt, prompt_version)}
        </Text>
      )}
    </>
  );
}
