/** A new experiment. */
import { Button, Checkbox, Group, NativeSelect, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useAddress } from "@/kit/address";
import { optionsOf } from "@/kit/options";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { Failure } from "@/kit/states";
import { experiments as text } from "@/strings/experiments";
import { ArmFields } from "./arm-fields";
import { BEGINNING, bodyOf, type Typed } from "./form";
import { GuardFields } from "./guard-fields";

export default function NewExperimentScreen() {
  const { get } = useAddress();
  const navigate = useNavigate();
  const refresh = useRefresh("/api/v1/experiments");
  const [typed, setTyped] = useState<Typed>(() => ({ ...BEGINNING, about: get("about") }));
  const type = (changes: Partial<Typed>) => setTyped({ ...typed, ...changes });
  const create = $api.useMutation("post", "/api/v1/experiments");
  const send = () =>
    create.mutate(
      { body: bodyOf(typed) },
      {
        onSuccess: (made) => {
          void refresh();
          void navigate({ to: "/experiments/$experimentId", params: { experimentId: made.id } });
        },
      },
    );
  return (
    <Page title={text.newTitle} summary={text.newSummary}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Stack maw={900}>
          <Basics typed={typed} type={type} />
          <ArmFields typed={typed} type={type} />
          <Rollout typed={typed} type={type} />
          <GuardFields typed={typed} type={type} />
          {create.error && <Failure error={create.error} title={text.notMade} retry={send} />}
          <Group>
            <Button type="submit" loading={create.isPending}>
              {text.make}
            </Button>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

interface FieldsProps {
  readonly typed: Typed;
  readonly type: (changes: Partial<Typed>) => void;
}

function Basics({ typed, type }: FieldsProps) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <TextInput
        label={text.nameField}
        required
        value={typed.name}
        onChange={(event) => type({ name: event.currentTarget.value })}
      />
      <NativeSelect
        label={text.key}
        value={typed.key}
        data={optionsOf(text.keys)}
        onChange={(event) => type({ key: event.currentTarget.value as Schema<"SplitKey"> })}
      />
      <NativeSelect
        label={text.kind}
        value={typed.kind}
        data={optionsOf(text.kinds)}
        onChange={(event) => type({ kind: event.currentTarget.value as Typed["kind"] })}
      />
      <TextInput
        label={typed.kind === "prompt" ? text.promptField : text.aliasField}
        required
        value={typed.about}
        onChange={(event) => type({ about: event.currentTarget.value })}
      />
      <TextInput
        label={text.alpha}
        inputMode="decimal"
        required
        value={typed.alpha}
        onChange={(event) => type({ alpha: event.currentTarget.value })}
      />
      <Checkbox
        mt="xl"
        label={text.forEverybody}
        checked={typed.everybody}
        onChange={(event) => type({ everybody: event.currentTarget.checked })}
      />
    </SimpleGrid>
  );
}

function Rollout({ typed, type }: FieldsProps) {
  return (
    <Stack gap="xs">
      <Checkbox
        label={text.rollout}
        checked={typed.isRollout}
        onChange={(event) => type({ isRollout: event.currentTarget.checked })}
      />
      {typed.isRollout && (
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <TextInput
            label={text.stages}
            required
            value={typed.stages}
            onChange={(event) => type({ stages: event.currentTarget.value })}
          />
          <TextInput
            label={text.stageHours}
            inputMode="decimal"
            required
            value={typed.hours}
            onChange={(event) => type({ hours: event.currentTarget.value })}
          />
          <TextInput
            label={text.stageCalls}
            inputMode="numeric"
            required
            value={typed.calls}
            onChange={(event) => type({ calls: event.currentTarget.value })}
          />
        </SimpleGrid>
      )}
    </Stack>
  );
}
