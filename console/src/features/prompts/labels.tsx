/** Where the labels of a prompt point, and moving them. */
import { Group, Table, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Moment } from "@/kit/moments";
import { Part } from "@/kit/part";
import { Wide } from "@/kit/wide";
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

export function Labels({ prompt, part }: LabelsProps) {
  const may = useCan()("prompts:manage");
  const pointers = pointersOf(prompt);
  return (
    <Part title={text.labels} actions={may && <MoveLabel prompt={prompt} part={part} />} testId="labels">
      {pointers.length === 0 && <Text c="dimmed">{text.noLabels}</Text>}
      <Wide label={text.labels} width={560}>
        <Table hidden={pointers.length === 0}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{text.label}</Table.Th>
              <Table.Th>{text.pointsTo}</Table.Th>
              <Table.Th>{text.movedBy}</Table.Th>
              {may && <Table.Td />}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {pointers.map((pointer) => (
              <Table.Tr key={pointer.label} data-testid={`label-${pointer.label}`}>
                <Table.Td fw={600}>{pointer.label}</Table.Td>
                <Table.Td>{text.version(pointer.version)}</Table.Td>
                <Table.Td>
                  <MovedBy pointer={pointer} />
                </Table.Td>
                {may && (
                  <Table.Td>
                    <Group gap="xs" justify="flex-end" wrap="nowrap">
                      <MoveLabel prompt={prompt} part={part} pointer={pointer} />
                      {pointer.edition > 0 && <RollBack part={part} label={pointer.label} />}
                      {pointer.edition > 0 && <RemoveLabel part={part} pointer={pointer} />}
                    </Group>
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
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
