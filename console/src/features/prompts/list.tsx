/** All prompts: the tenant's own, and those that applications ship. */
import { Badge, Group, Stack, Table, TextInput } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Change } from "@/kit/change";
import { More } from "@/kit/more";
import { Page } from "@/kit/page";
import { Loaded, Nothing } from "@/kit/states";
import { Wide } from "@/kit/wide";
import { prompts as text } from "@/strings/prompts";
import { tilded } from "./names";

export default function PromptsScreen() {
  const may = useCan()("prompts:manage");
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/prompts",
    { params: { query: { limit: 100 } } },
    { initialPageParam: null, getNextPageParam: (page) => page.next_cursor ?? undefined },
  );
  return (
    <Page title={text.title} summary={text.summary} actions={may && <NewPrompt />}>
      <Loaded query={query}>
        {({ pages }) => {
          const all = pages.flatMap(({ items }) => items);
          if (all.length === 0) return <Nothing title={text.none} hint={text.noneHint} />;
          return (
            <Stack>
              <PromptTable prompts={all} />
              <More query={query} />
            </Stack>
          );
        }}
      </Loaded>
    </Page>
  );
}

function PromptTable({ prompts }: { readonly prompts: readonly Schema<"PromptSummary">[] }) {
  return (
    <Wide label={text.title} width={640}>
      <Table striped data-testid="prompts-table">
        <Table.Thead>
          <Table.Tr>
            {[text.name, text.shippedBy, text.production, text.latest, text.labels].map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {prompts.map(({ name, app, production, latest, labels }) => (
            <Table.Tr key={name}>
              <Table.Td>
                <Link to="/prompts/$name" params={{ name: tilded(name) }}>
                  {name}
                </Link>
              </Table.Td>
              <Table.Td>{app ?? text.ownOnly}</Table.Td>
              <Table.Td>{production ? text.version(production) : text.noVersion}</Table.Td>
              <Table.Td>{latest ?? text.noVersion}</Table.Td>
              <Table.Td>
                <Group gap={4}>
                  {Object.entries(labels).map(([label, version]) => (
                    <Badge key={label} variant="light">
                      {`${label}: ${text.version(version)}`}
                    </Badge>
                  ))}
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

function NewPrompt() {
  const navigate = useNavigate();
  const [name, setName] = useState("");
  return (
    <Change
      label={text.newPrompt}
      hint={text.newPromptHint}
      confirm={text.goOn}
      run={() =>
        navigate({
          to: "/prompts/$name",
          params: { name: tilded(name.trim()) },
          search: { tab: "new" } as Record<string, string>,
        })
      }
    >
      <TextInput
        label={text.name}
        required
        pattern="[a-z0-9][a-z0-9_\-]*(/[a-z0-9][a-z0-9_\-]*){0,3}"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </Change>
  );
}
