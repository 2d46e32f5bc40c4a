/** When a schedule fires: by a cron expression or every so often, and between which moments. */
import { Group, Input, SegmentedControl, Select, TextInput } from "@mantine/core";
import { schedules } from "@/strings/schedules";
import type { PartProps } from "./editor";
import type { Draft } from "./form";

const text = schedules.form;
const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

export function Rhythm({ draft, set, faults }: PartProps) {
  const zones = ZONES.includes(draft.zone) ? ZONES : [draft.zone, ...ZONES];
  return (
    <>
      <Input.Wrapper label={text.kind} labelElement="div">
        <SegmentedControl
          aria-label={text.kind}
          data={[
            { value: "cron", label: text.cronKind },
            { value: "interval", label: text.intervalKind },
          ]}
          value={draft.kind}
          onChange={(value) => set({ kind: value as Draft["kind"] })}
          fullWidth
        />
      </Input.Wrapper>
      {draft.kind === "cron" ? (
        <Group grow align="flex-start" preventGrowOverflow={false}>
          <TextInput
            label={text.cron}
            description={text.cronHint}
            value={draft.cron}
            onChange={(event) => set({ cron: event.currentTarget.value })}
            error={faults.cron}
            classNames={{ input: "mono" }}
            required
          />
          <Select
            label={text.zone}
            description={text.zoneHint}
            data={zones}
            value={draft.zone}
            onChange={(zone) => zone && set({ zone })}
            allowDeselect={false}
            searchable
            limit={50}
          />
        </Group>
      ) : (
        <TextInput
          label={text.interval}
          description={text.intervalHint}
          value={draft.interval}
          onChange={(event) => set({ interval: event.currentTarget.value })}
          error={faults.interval}
          required
        />
      )}
      <Group grow align="flex-start">
        <TextInput
          type="datetime-local"
          label={text.startAt}
          description={text.yours}
          value={draft.startAt}
          onChange={(event) => set({ startAt: event.currentTarget.value })}
        />
        <TextInput
          type="datetime-local"
          label={text.endAt}
          description={text.yours}
          value={draft.endAt}
          onChange={(event) => set({ endAt: event.currentTarget.value })}
        />
      </Group>
    </>
  );
}
