/** Where one begins: templates, a box for one's own words, what waits, and what ran last. */
import { Box, Grid, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { useNow } from "@/kit/clock";
import { Page } from "@/kit/page";
import { Loaded, Nothing } from "@/kit/states";
import { useEvents } from "@/kit/use-events";
import { names } from "@/strings/names";
import { start as text } from "@/strings/start";
import { RECENT, Recent, WAITING, Waiting } from "./beside";
import { Composer, OnlyWatching } from "./composer";
import { type Template, Templates } from "./templates";
import { useDraft } from "./use-draft";

export default function StartScreen() {
  const can = useCan();
  return (
    <Page title={names.start} summary={text.summary}>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, lg: 8 }}>
          {can("runs:submit") ? <Beginning /> : <OnlyWatching />}
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}>
          <Beside />
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Beginning() {
  const templates = $api.useQuery("get", "/api/v1/templates", {}, { staleTime: Number.POSITIVE_INFINITY });
  const workflows = $api.useQuery("get", "/api/v1/workflows", {}, { staleTime: Number.POSITIVE_INFINITY });
  return (
    <Loaded query={workflows}>
      {(found) => (
        <Loaded query={templates}>
          {(brought) => <Choosing templates={brought.items} workflows={found.items} />}
        </Loaded>
      )}
    </Loaded>
  );
}

interface ChoosingProps {
  readonly templates: readonly Template[];
  readonly workflows: readonly Schema<"WorkflowSummary">[];
}

function Choosing({ templates, workflows }: ChoosingProps) {
  const draft = useDraft(templates, workflows);
  if (draft.workflow === undefined) return <Nothing title={text.noWorkflows} hint={text.noWorkflowsHint} />;
  return (
    <Stack gap="md">
      <Box component="section" aria-label={text.compose}>
        <Composer draft={draft} workflow={draft.workflow} workflows={workflows} />
      </Box>
      {templates.length > 0 ? (
        <Templates templates={templates} chosen={draft.template} choose={draft.choose} />
      ) : (
        <Nothing title={text.noTemplates} hint={text.noTemplatesHint} />
      )}
    </Stack>
  );
}

/** The lists beside the box, which follow what runs do. */
function Beside() {
  const queries = useQueryClient();
  const [since, setSince] = useState(0);
  const now = useNow({ every: 10_000, reason: since });
  useEvents(() => {
    setSince(Date.now());
    void queries.invalidateQueries({ queryKey: ["get", "/api/v1/runs", RECENT] });
    void queries.invalidateQueries({ queryKey: ["get", "/api/v1/questions", WAITING] });
  });
  return (
    <Stack gap="md">
      <Waiting />
      <Recent now={now} />
    </Stack>
  );
}
