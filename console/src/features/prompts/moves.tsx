/** Who moved which label from where to where, and why. */
import { Stack, Table } from "@mantine/core";
import { $api, type Schema } from "@/api/client";
import { Moment } from "@/kit/moments";
import { More } from "@/kit/more";
import { Loaded, Nothing } from "@/kit/states";
import { Wide } from "@/kit/wide";
import { prompts as text } from "@/strings/prompts";

const HEADS = [text.at, text.label, text.kind, text.from, text.to, text.by, text.note];

export function Moves({ part }: { readonly part: string }) {
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/prompts/{name}/moves",
    { params: { path: { name: part }, query: { limit: 50 } } },
    { initialPageParam: null, getNextPageParam: (page) => page.next_cursor ?? undefined },
  );
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const moves = pages.flatMap(({ items }) => items);
        if (moves.length === 0) return <Nothing title={text.noMoves} hint={text.noMovesHint} />;
        return (
          <Stack>
            <MoveTable moves={moves} />
            <More query={query} />
          </Stack>
        );
      }}
    </Loaded>
  );
}

function MoveTable({ moves }: { readonly moves: readonly Schema<"Move">[] }) {
  const told = (version: string | null) => (version ? text.version(version) : text.nowhere);
  return (
    <Wide label={text.tabs.moves} width={760}>
      <Table striped data-testid="moves-table">
        <Table.Thead>
          <Table.Tr>
            {HEADS.map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {moves.map((move) => (
            <Table.Tr key={move.id}>
              <Table.Td>
                <Moment at={move.at} />
              </Table.Td>
              <Table.Td>{move.label}</Table.Td>
              <Table.Td>{text.kinds[move.kind]}</Table.Td>
              <Table.Td>{told(move.before)}</Table.Td>
              <Table.Td>{told(move.after)}</Table.Td>
              <Table.Td>{move.made_by}</Table.Td>
              <Table.Td>{move.note}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}
