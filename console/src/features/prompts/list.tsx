/** All prompts: the tenant's own, and those that applications ship. */
import { Badge, Group, TextInput } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Change } from "@/kit/change";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { Page } from "@/kit/page";
import { Nothing } from "@/kit/states";
import { prompts as text } from "@/strings/prompts";
import { tilded } from "./names";

export default function PromptsScreen() {
  const may = useCan()("prompts:manage");
  const query = $api.useInfiniteQuery("get", "/api/v1/prompts", { params: { query: { limit: 100 } } }, PAGES);
  return (
    <Page title={text.title} summary={text.summary} actions={may && <NewPrompt />}>
      <PagedListing
        query={query}
        label={text.title}
        columns={COLUMNS}
        keyOf={({ name }) => name}
        width={640}
        testId="prompts-table"
        empty={<Nothing title={text.none} hint={text.noneHint} />}
      />
    </Page>
  );
}

const COLUMNS: readonly Column<Schema<"PromptSummary">>[] = [
  {
    header: text.name,
    cell: ({ name }) => (
      <Link to="/prompts/$name" params={{ name: tilded(name) }}>
        {name}
      </Link>
    ),
  },
  { header: text.shippedBy, cell: ({ app }) => app ?? text.ownOnly },
  {
    header: text.production,
    cell: ({ production }) => (production ? text.version(production) : text.noVersion),
  },
  { header: text.latest, cell: ({ latest }) => latest ?? text.noVersion },
  {
    header: text.labels,
    cell: ({ labels }) => (
      <Group gap={4}>
        {Object.entries(labels).map(([label, version]) => (
          <Badge key={label} variant="light">
            {`${label}: ${text.version(version)}`}
          </Badge>
        ))}
      </Group>
    ),
  },
];

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
