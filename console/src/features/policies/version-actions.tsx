/** What can be done with a version: save changes as a new draft, let it shadow the active one, activate it. */
import { Alert, Button, Checkbox, List, Stack, Text, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { client, type Schema } from "@/api/client";
import { FormDialog } from "@/kit/form-dialog";
import { useRefresh } from "@/kit/refresh";
import { Failure, Loading } from "@/kit/states";
import { policies } from "@/strings/policies";
import { type Alteration, differencesOf } from "./differences";
import { ALL, useChecked } from "./queries";
import type { Draft } from "./use-draft";

const text = policies.version;

type Stored = Schema<"VersionFiles">;

interface VersionActionsProps {
  readonly stored: Stored | undefined;
  readonly draft: Draft;
  readonly active: Stored | undefined;
}

type Dialog = "save" | "shadow" | "activate" | undefined;

export function VersionActions({ stored, draft, active }: VersionActionsProps) {
  const [dialog, setDialog] = useState<Dialog>();
  const close = () => setDialog(undefined);
  const isNew = stored === undefined;
  return (
    <>
      {draft.isChanged && (
        <Button size="xs" variant="default" onClick={draft.discard}>
          {text.discard}
        </Button>
      )}
      {(isNew || draft.isChanged) && (
        <Button size="xs" onClick={() => setDialog("save")}>
          {text.save}
        </Button>
      )}
      {stored && !draft.isChanged && !stored.active && (
        <>
          <Button size="xs" variant="default" onClick={() => setDialog("shadow")}>
            {stored.shadow ? text.shadowOff : text.shadowOn}
          </Button>
          <Button size="xs" onClick={() => setDialog("activate")}>
            {text.activate}
          </Button>
        </>
      )}
      {dialog === "save" && <SaveDialog draft={draft} onClose={close} />}
      {dialog === "shadow" && stored && <ShadowDialog stored={stored} onClose={close} />}
      {dialog === "activate" && stored && <ActivateDialog stored={stored} active={active} onClose={close} />}
    </>
  );
}

interface NoteProps {
  readonly value: string;
  readonly onChange: (note: string) => void;
}

/** Why something is changed; it is recorded. */
export function Note({ value, onChange }: NoteProps) {
  return (
    <TextInput
      label={policies.note}
      description={policies.noteHint}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data-autofocus
    />
  );
}

interface DialogProps {
  readonly stored: Stored;
  readonly onClose: () => void;
}

function SaveDialog({ draft, onClose }: { readonly draft: Draft; readonly onClose: () => void }) {
  const [note, setNote] = useState("");
  const navigate = useNavigate();
  const refresh = useRefresh(ALL);
  async function save() {
    const { data } = await client.POST(ALL, { body: { files: { ...draft.files }, note } });
    if (!data) return;
    onClose();
    draft.discard();
    await refresh();
    await navigate({ to: "/policies/$number", params: { number: String(data.number) } as never });
  }
  return (
    <FormDialog title={text.save} action={text.save} onSubmit={save} onClose={onClose}>
      <Text size="sm">{text.saveHint}</Text>
      <Note value={note} onChange={setNote} />
    </FormDialog>
  );
}

function ShadowDialog({ stored, onClose }: DialogProps) {
  const [note, setNote] = useState("");
  const refresh = useRefresh(ALL);
  async function put() {
    await client.PUT("/api/v1/policies/shadow", {
      body: { number: stored.shadow ? null : stored.number, note },
    });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={text.shadowTitle(stored.number)}
      action={stored.shadow ? text.shadowOff : text.shadowOn}
      onSubmit={put}
      onClose={onClose}
    >
      <Text size="sm">{stored.shadow ? text.shadowOffHint : text.shadowHint}</Text>
      <Note value={note} onChange={setNote} />
    </FormDialog>
  );
}

function ActivateDialog({ stored, active, onClose }: DialogProps & { readonly active: Stored | undefined }) {
  const [note, setNote] = useState("");
  const [isSeen, setSeen] = useState(false);
  const refresh = useRefresh(ALL);
  const checked = useChecked(stored.number, true);
  const failed = (checked.data?.tests ?? []).filter((test) => test.failure).length;
  const canActivate = checked.data?.valid === true && failed === 0;
  async function activate() {
    const params = { path: { number: stored.number } };
    await client.POST("/api/v1/policies/{number}/activate", { params, body: { note } });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={text.activateTitle(stored.number)}
      action={text.activate}
      disabled={!canActivate || !isSeen}
      onSubmit={activate}
      onClose={onClose}
      wide
    >
      <Text size="sm">{text.activateHint}</Text>
      <WhatDiffers stored={stored} active={active} />
      {checked.error && <Failure error={checked.error} retry={() => void checked.refetch()} />}
      {checked.isPending && <Loading />}
      {checked.data && (
        <Standing valid={checked.data.valid} failed={failed} all={checked.data.tests?.length ?? 0} />
      )}
      <Note value={note} onChange={setNote} />
      <Checkbox
        label={text.understood}
        checked={isSeen}
        onChange={(event) => setSeen(event.currentTarget.checked)}
        disabled={!canActivate}
      />
    </FormDialog>
  );
}

interface StandingProps {
  readonly valid: boolean;
  readonly failed: number;
  readonly all: number;
}

function Standing({ valid, failed, all }: StandingProps) {
  if (!valid) return <Alert color="red">{text.invalid}</Alert>;
  if (failed > 0) return <Alert color="red">{text.testsFail(failed)}</Alert>;
  return <Alert color={all > 0 ? "green" : "amber"}>{all > 0 ? text.testsPass(all) : text.noTests}</Alert>;
}

const KINDS: Record<Alteration, string> = { added: text.added, removed: text.removed, altered: text.altered };

function WhatDiffers({ stored, active }: { readonly stored: Stored; readonly active: Stored | undefined }) {
  const { policies: changed, files } = differencesOf(active?.files ?? {}, stored.files);
  if (files.length === 0) return <Text size="sm">{text.sameAsActive}</Text>;
  return (
    <Stack gap={4} data-testid="what-differs">
      <Text size="sm" fw={600}>
        {active ? text.differsFrom(active.number) : text.differsFromNone}
      </Text>
      <List size="sm">
        {changed.map(({ id, kind }) => (
          <Item key={id} name={text.policy(id)}>
            {KINDS[kind]}
          </Item>
        ))}
        {files.map(({ name, added, removed }) => (
          <Item key={name} name={name}>
            {text.lines(added, removed)}
          </Item>
        ))}
      </List>
    </Stack>
  );
}

function Item({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <List.Item>
      <Text span fw={600} size="sm">
        {name}
      </Text>
      {": "}
      {children}
    </List.Item>
  );
}
