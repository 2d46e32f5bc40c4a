/** What people state about the installation: a checklist of what no program can see, and its history. */
import { Button, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { ActButton } from "@/kit/act-button";
import { Sure } from "@/kit/confirm";
import { FormDialog } from "@/kit/form-dialog";
import { type Column, Listing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { Section } from "@/kit/section";
import { StateBadge } from "@/kit/state-badge";
import { Loaded } from "@/kit/states";
import { dialogs } from "@/strings/dialogs";
import { attesting as text } from "@/strings/installation";
import { names } from "@/strings/names";
import { type Standing, standingOf, stateOf } from "./statements";

type Attestation = Schema<"Attestation">;
type Topic = Schema<"Topic">;

const PATH = "/api/v1/attestations";
const TOPICS = Object.keys(text.topics) as Topic[];
const COLOURS = { holds: "green", missing: "red", expired: "red", withdrawn: "gray" } as const;

export default function AttestationsScreen() {
  const query = $api.useQuery("get", PATH);
  const mayOperate = useCan()("installation:operate");
  const [topic, setTopic] = useState<Topic>();
  const [withdrawing, setWithdrawing] = useState<Attestation>();
  const withdraw: Column<Attestation> = {
    header: dialogs.actions,
    cell: (one) =>
      stateOf(one) === "holds" && (
        <ActButton
          label={text.withdraw}
          about={text.topics[one.topic]}
          color="red"
          onAct={() => setWithdrawing(one)}
        />
      ),
  };
  return (
    <Page
      title={names.attestations}
      summary={text.summary}
      actions={mayOperate && <Button onClick={() => setTopic(TOPICS[0])}>{text.add}</Button>}
    >
      <Loaded query={query}>
        {({ items }) => (
          <>
            <Section title={text.checklist}>
              <Listing
                label={text.checklist}
                columns={CHECKLIST}
                rows={standingOf(TOPICS, items)}
                keyOf={(one) => one.topic}
                empty={null}
              />
            </Section>
            <Section title={text.history}>
              <Listing
                label={text.history}
                columns={mayOperate ? [...HISTORY, withdraw] : HISTORY}
                rows={items}
                keyOf={({ id }) => id}
                empty={
                  <Text size="sm" c="dimmed">
                    {text.none}
                  </Text>
                }
              />
            </Section>
          </>
        )}
      </Loaded>
      {topic && <State first={topic} onClose={() => setTopic(undefined)} />}
      {withdrawing && <Withdraw statement={withdrawing} onClose={() => setWithdrawing(undefined)} />}
    </Page>
  );
}

function State({ first, onClose }: { readonly first: Topic; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  const [topic, setTopic] = useState(first);
  const [by, setBy] = useState("");
  const [evidence, setEvidence] = useState("");
  const [days, setDays] = useState<number | string>(180);
  async function send() {
    const body = { topic, stated_by: by.trim(), evidence: evidence.trim(), days: Number(days) };
    await client.POST(PATH, { body });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={text.add}
      action={text.add}
      disabled={by.trim() === "" || evidence.trim() === "" || days === ""}
      onSubmit={send}
      onClose={onClose}
    >
      <Select
        label={text.topic}
        data={TOPICS.map((value) => ({ value, label: text.topics[value] }))}
        value={topic}
        onChange={(value) => value && setTopic(value as Topic)}
        allowDeselect={false}
      />
      <TextInput
        label={text.by}
        description={text.byHint}
        value={by}
        onChange={(event) => setBy(event.currentTarget.value)}
        maxLength={200}
        required
      />
      <TextInput
        label={text.evidence}
        description={text.evidenceHint}
        value={evidence}
        onChange={(event) => setEvidence(event.currentTarget.value)}
        maxLength={2000}
        required
      />
      <NumberInput
        label={text.days}
        value={days}
        onChange={setDays}
        min={1}
        max={1100}
        allowDecimal={false}
      />
    </FormDialog>
  );
}

function Withdraw({ statement, onClose }: { readonly statement: Attestation; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  async function withdraw() {
    const params = { path: { attestation_id: statement.id } };
    await client.POST("/api/v1/attestations/{attestation_id}/withdraw", { params });
    await refresh();
  }
  return (
    <Sure
      title={text.withdrawTitle}
      what={text.withdrawWhat}
      action={text.withdraw}
      onSure={withdraw}
      onClose={onClose}
    />
  );
}

const CHECKLIST: Column<Standing>[] = [
  { header: text.topic, cell: ({ topic }) => text.topics[topic] },
  {
    header: text.state,
    cell: ({ state }) => <StateBadge state={state} label={text[state]} color={COLOURS[state]} />,
  },
  { header: text.until, cell: ({ until }) => <Moment at={until} /> },
];

const HISTORY: Column<Attestation>[] = [
  { header: text.topic, cell: ({ topic }) => text.topics[topic] },
  {
    header: text.state,
    cell: (one) => {
      const state = stateOf(one);
      return <StateBadge state={state} label={text[state]} color={COLOURS[state]} />;
    },
  },
  {
    header: text.by,
    cell: ({ stated_by, stated_at }) => (
      <Stack gap={0}>
        <Text size="sm">{stated_by}</Text>
        <Text size="xs" c="dimmed" component="div">
          <Moment at={stated_at} />
        </Text>
      </Stack>
    ),
  },
  { header: text.evidence, cell: ({ evidence }) => evidence },
  { header: text.until, cell: ({ expires_at }) => <Moment at={expires_at} /> },
];
