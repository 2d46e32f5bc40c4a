/** Makes a schedule, or changes one. A change is based on the edition that was read, so that none is lost. */
import { Checkbox, Group, NumberInput, Select, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { FormDialog } from "@/kit/form-dialog";
import { sampleOf } from "@/kit/json-schema";
import { optionsOf } from "@/kit/options";
import { useRefresh } from "@/kit/refresh";
import { common } from "@/strings/common";
import { schedules } from "@/strings/schedules";
import { bodyOf, type Draft, draftOf, emptyDraft, type Faults, faultsOf } from "./form";
import { Preview } from "./preview";
import { Rhythm } from "./rhythm";

const text = schedules.form;
type Schedule = Schema<"Schedule">;
export type SetDraft = (changes: Partial<Draft>) => void;

interface EditorProps {
  /** What is changed; a new one is made without. */
  readonly schedule?: Schedule;
  readonly onClose: () => void;
  readonly onDone: (schedule: Schedule) => void;
}

export function Editor({ schedule: given, onClose, onDone }: EditorProps) {
  // what is changed stays what was read when the form was opened, however often the screen asks anew
  const [schedule] = useState(given);
  const refresh = useRefresh("/api/v1/schedules");
  const [draft, setDraft] = useState<Draft>(() =>
    schedule ? draftOf(schedule) : emptyDraft(Intl.DateTimeFormat().resolvedOptions().timeZone),
  );
  const [isTried, setTried] = useState(false);
  const faults = faultsOf(draft);
  const set: SetDraft = (changes) => setDraft((before) => ({ ...before, ...changes }));
  async function send() {
    setTried(true);
    if (Object.keys(faults).length > 0) return;
    // also where it was refused: because somebody has changed it meanwhile, as a rule
    const saved = await saveDraft(draft, schedule).finally(refresh);
    if (saved) onDone(saved);
  }
  return (
    <FormDialog
      title={schedule ? text.editTitle(schedule.name) : text.createTitle}
      action={schedule ? common.save : text.create}
      wide
      onSubmit={send}
      onClose={onClose}
    >
      <What draft={draft} set={set} faults={isTried ? faults : {}} />
      <Rhythm draft={draft} set={set} faults={isTried ? faults : {}} />
      <Preview draft={draft} />
      <Rules draft={draft} set={set} />
      {!schedule && (
        <Checkbox
          label={text.paused}
          checked={draft.paused}
          onChange={(event) => set({ paused: event.currentTarget.checked })}
        />
      )}
    </FormDialog>
  );
}

async function saveDraft(draft: Draft, schedule: Schedule | undefined): Promise<Schedule | undefined> {
  const body = bodyOf(draft);
  if (!schedule) {
    return (await client.POST("/api/v1/schedules", { body: { ...body, paused: draft.paused } })).data;
  }
  const params = {
    path: { schedule_id: schedule.id },
    header: { "if-match": `"${schedule.edition}"` },
  };
  return (await client.PATCH("/api/v1/schedules/{schedule_id}", { params, body })).data;
}

export interface PartProps {
  readonly draft: Draft;
  readonly set: SetDraft;
  readonly faults: Faults;
}

function What({ draft, set, faults }: PartProps) {
  const workflows = $api.useQuery("get", "/api/v1/workflows").data?.items ?? [];
  const names = workflows.map(({ name }) => name);
  if (draft.workflow && !names.includes(draft.workflow)) names.push(draft.workflow);
  function choose(workflow: string | null) {
    const found = workflows.find(({ name }) => name === workflow);
    if (!workflow) return;
    const isUntouched = draft.input.trim() === "" || isSample(draft, workflows);
    set({ workflow, ...(found && isUntouched ? { input: sampleOf(found.input_schema) } : {}) });
  }
  return (
    <>
      <TextInput
        label={text.name}
        description={text.nameHint}
        value={draft.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
        error={faults.name}
        required
        data-autofocus
      />
      <Group grow align="flex-start">
        <Select
          label={text.workflow}
          data={names}
          value={draft.workflow || null}
          onChange={choose}
          error={faults.workflow}
          allowDeselect={false}
          searchable
          required
        />
        <TextInput
          label={text.version}
          placeholder={text.versionHint}
          value={draft.version}
          inputMode="numeric"
          onChange={(event) => set({ version: event.currentTarget.value.replace(/\D/g, "") })}
        />
      </Group>
      <Textarea
        label={text.input}
        description={text.inputHint}
        value={draft.input}
        onChange={(event) => set({ input: event.currentTarget.value })}
        error={faults.input}
        autosize
        minRows={2}
        maxRows={12}
        classNames={{ input: "mono" }}
        spellCheck={false}
      />
    </>
  );
}

/** Whether nobody has written the input yet. */
function isSample(draft: Draft, workflows: readonly Schema<"WorkflowSummary">[]): boolean {
  const before = workflows.find(({ name }) => name === draft.workflow);
  return draft.input === (before ? sampleOf(before.input_schema) : '""');
}

function Rules({ draft, set }: Omit<PartProps, "faults">) {
  return (
    <>
      <Select
        label={text.overlap}
        data={optionsOf(text.overlaps)}
        value={draft.overlap}
        onChange={(value) => value && set({ overlap: value as Draft["overlap"] })}
        allowDeselect={false}
      />
      <Group grow align="flex-start">
        <Select
          label={text.missed}
          data={optionsOf(text.misseds)}
          value={draft.missed}
          onChange={(value) => value && set({ missed: value as Draft["missed"] })}
          allowDeselect={false}
        />
        {draft.missed === "all" && (
          <NumberInput
            label={text.missedLimit}
            value={draft.missedLimit}
            onChange={(value) => set({ missedLimit: Number(value) || 1 })}
            min={1}
            max={1000}
          />
        )}
        <NumberInput
          label={text.priority}
          description={text.priorityHint}
          value={draft.priority}
          onChange={(value) => set({ priority: Number(value) || 0 })}
          min={-100}
          max={100}
          allowDecimal={false}
        />
      </Group>
    </>
  );
}
