/** Answers of models that are kept: how often they help, and letting them go. */
import { SimpleGrid, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type ReactNode, useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Change } from "@/kit/change";
import { countText, percentText } from "@/kit/figures";
import { durationOf, Moment } from "@/kit/moments";
import { Part } from "@/kit/part";
import { useRefresh } from "@/kit/refresh";
import { Loaded } from "@/kit/states";
import { models as text } from "@/strings/models";

export function Kept() {
  const may = useCan()("models:manage");
  const query = $api.useQuery("get", "/api/v1/model-cache");
  const actions = may && (
    <>
      <ClearCache />
      <ForgetAnswers />
    </>
  );
  return (
    <Part title={text.cache} hint={text.cacheHint} actions={actions} testId="model-cache">
      <Loaded query={query}>{(cache) => <Figures cache={cache} />}</Loaded>
    </Part>
  );
}

function Figures({ cache }: { readonly cache: Schema<"ModelCache"> }) {
  const { hits, misses, hit_rate } = cache;
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }}>
      <Figure name={text.hitRate} hint={text.hits(countText(hits), countText(hits + misses))}>
        {percentText(hit_rate)}
      </Figure>
      <Figure name={text.answers}>{countText(cache.answers)}</Figure>
      <Figure name={text.bytes}>{countText(cache.bytes)}</Figure>
      <Figure name={text.oldest}>
        <Moment at={cache.oldest} />
      </Figure>
      <Figure name={text.duration}>{durationOf(cache.seconds)}</Figure>
      <Figure name={text.which} hint={cache.store}>
        {text.cacheKept[cache.kept] ?? cache.kept}
      </Figure>
    </SimpleGrid>
  );
}

interface FigureProps {
  readonly name: string;
  readonly hint?: string;
  readonly children: ReactNode;
}

function Figure({ name, hint, children }: FigureProps) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text component="div" className="numeric">
        {children}
      </Text>
      {hint && (
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      )}
    </div>
  );
}

function tell(answers: number | undefined): void {
  notifications.show({ message: text.cleared(countText(answers ?? 0)) });
}

function ClearCache() {
  const refresh = useRefresh("/api/v1/model-cache");
  return (
    <Change
      label={text.clearCache}
      title={text.clearCacheTitle}
      hint={text.clearCacheHint}
      run={async () => {
        const { data } = await client.DELETE("/api/v1/model-cache");
        tell(data?.answers);
        await refresh();
      }}
    />
  );
}

function ForgetAnswers() {
  const [agent, setAgent] = useState("");
  return (
    <Change
      label={text.forget}
      title={text.forgetTitle}
      hint={text.forgetHint}
      run={async () => {
        const query = agent.trim() ? { agent: agent.trim() } : {};
        const { data } = await client.DELETE("/api/v1/answers", { params: { query } });
        tell(data?.answers);
      }}
    >
      <TextInput label={text.agent} value={agent} onChange={(event) => setAgent(event.currentTarget.value)} />
    </Change>
  );
}
