/** Where the labels of a prompt point, and moving them. */
import { Group, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { type Column, Listing, RowActions } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Part } from "@/kit/part";
import { dialogs } from "@/strings/dialogs";
import { prompts as text } from "@/strings/prompts";
import { MoveLabel, RemoveLabel, RollBack } from "./label-changes";

type Pointer = Schema<"LabelShown">;
const PRODUCTION = "production";

interface LabelsProps {
  readonly prompt: Schema<"PromptShown">;
  readonly part: string;
}

/** Every label that points somewhere; `production` always does, if only to what an application ships. */
export function pointersOf(
  prompt: Pick<Schema<"PromptShown">, "pointers" | "production">,
): readonly Pointer[] {
  const { pointers, production } = prompt;
  if (pointers.some(({ label }) => label === PRODUCTION) || production === null) return pointers;
  return [
    { label: PRODUCTION, version: production, edition: 0, moved_at: null, moved_by: null },
    ...pointers,
  ];
}

const COLUMNS: readonly Column<Pointer>[] = [
  { header: text.label, isName: true, cell: ({ label }) => label },
  { header: text.pointsTo, cell: ({ version }) => text.version(version) },
  { header: text.movedBy, cell: (pointer) => <MovedBy pointer={pointer} /> },
];

export function Labels({ prompt, part }: LabelsProps) {
  const may = useCan()("prompts:manage");
  const actions = (pointer: Pointer) => (
    <RowActions>
      <MoveLabel prompt={prompt} part={part} pointer={pointer} />
      {pointer.edition > 0 && <RollBack part={part} label={pointer.label} />}
      {pointer.edition > 0 && <RemoveLabel part={part} pointer={pointer} />}
    </RowActions>
  );
  return (
    <Part title={text.labels} actions={may && <MoveLabel prompt={prompt} part={part} />} testId="labels">
      <Listing
        label={text.labels}
        columns={may ? [...COLUMNS, { header: dialogs.actions, cell: actions }] : COLUMNS}
        rows={pointersOf(prompt)}
        keyOf={({ label }) => label}
        width={560}
        rowTestId={({ label }) => `label-${label}`}
        empty={<Text c="dimmed">{text.noLabels}</Text>}
      />
    </Part>
  );
}

function MovedBy({ pointer: { moved_by, moved_at } }: { readonly pointer: Pointer }) {
  if (!moved_by) return text.never;
  return (
    <Group gap={6}>
      <span>{moved_by}</span>
      <Moment at={moved_at} />
    </Group>
  );
}
