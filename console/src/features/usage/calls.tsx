/** The calls themselves, the newest first. */
import { Badge, Stack, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { $api, type Schema } from "@/api/client";
import { countText, dollarsText, millisecondsText } from "@/kit/figures";
import { Moment } from "@/kit/moments";
import { More } from "@/kit/more";
import { Loaded, Nothing } from "@/kit/states";
import { Wide } from "@/kit/wide";
import { common } from "@/strings/common";
import { usage as text } from "@/strings/usage";
import type { Filters } from "./asked";
import { isUnpriced } from "./pivot";

type Call = Schema<"ShownCall">;
const HEADS = [
  text.at,
  text.model,
  text.forWhom,
  text.run,
  text.outcome,
  text.tokens,
  text.cost,
  text.latency,
];

export function Calls({ since, filters }: { readonly since: string; readonly filters: Filters }) {
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/usage/calls",
    { params: { query: { since, limit: 50, ...filters } } },
    {
      pageParamName: "cursor",
      initialPageParam: null,
      getNextPageParam: (page) => page.next_cursor ?? undefined,
    },
  );
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const calls = pages.flatMap(({ items }) => items);
        if (calls.length === 0) return <Nothing title={text.noCalls} hint={text.noCallsHint} />;
        return (
          <Stack>
            <CallTable calls={calls} />
            <More query={query} />
          </Stack>
        );
      }}
    </Loaded>
  );
}

function CallTable({ calls }: { readonly calls: readonly Call[] }) {
  return (
    <Wide label={text.calls} width={1000}>
      <Table striped data-testid="calls-table">
        <Table.Thead>
          <Table.Tr>
            {HEADS.map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {calls.map((call) => (
            <Row key={call.id} call={call} />
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

function Row({ call }: { readonly call: Call }) {
  const isUnknown = isUnpriced(call, call.cached ? 0 : 1);
  return (
    <Table.Tr>
      <Table.Td>
        <Moment at={call.at} />
      </Table.Td>
      <Table.Td>
        {call.provider ? `${call.provider}:${call.model}` : call.model}
        {call.cached && (
          <Badge variant="light" color="gray" ml={6}>
            {text.cached}
          </Badge>
        )}
      </Table.Td>
      <Table.Td>
        {call.agent || call.principal}
        {call.prompt && (
          <Text size="xs" c="dimmed">
            {text.promptVersion(call.prompt, call.prompt_version)}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {call.run_id ? (
          <Link to="/runs/$runId" params={{ runId: call.run_id }}>
            {call.workflow || call.run_id}
          </Link>
        ) : (
          common.none
        )}
      </Table.Td>
      <Table.Td>
        <Badge variant="light" color={call.outcome === "ok" ? "green" : "red"}>
          {call.outcome}
        </Badge>
      </Table.Td>
      <Table.Td className="numeric">
        {text.tokensOf(countText(call.input_tokens), countText(call.output_tokens))}
      </Table.Td>
      <Table.Td className="numeric">{isUnknown ? text.unpriced : dollarsText(call.cost)}</Table.Td>
      <Table.Td className="numeric">{millisecondsText(call.latency_ms)}</Table.Td>
    </Table.Tr>
  );
}
