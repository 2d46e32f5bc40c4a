/** The control and the other arms of a new experiment. */
import { ActionIcon, Button, Fieldset, Group, Stack, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { experiments as text } from "@/strings/experiments";
import type { ArmTyped, Typed } from "./form";

const MOST = 9;

interface ArmFieldsProps {
  readonly typed: Typed;
  readonly type: (changes: Partial<Typed>) => void;
}

export function ArmFields({ typed, type }: ArmFieldsProps) {
  const { arms, isRollout } = typed;
  const change = (id: number, changes: Partial<ArmTyped>) =>
    type({ arms: arms.map((arm) => (arm.id === id ? { ...arm, ...changes } : arm)) });
  const add = () => {
    const id = Math.max(0, ...arms.map((arm) => arm.id)) + 1;
    type({ arms: [...arms, { id, name: `arm-${id}`, version: "", model: "", weight: "10" }] });
  };
  const shown = isRollout ? arms.slice(0, 1) : arms;
  return (
    <Fieldset legend={text.arms}>
      <Stack>
        <TextInput
          label={text.controlField}
          value={typed.control}
          onChange={(event) => type({ control: event.currentTarget.value })}
        />
        {shown.map((arm) => (
          <ArmRow
            key={arm.id}
            arm={arm}
            kind={typed.kind}
            isRollout={isRollout}
            change={(changes) => change(arm.id, changes)}
            remove={
              arms.length > 1 ? () => type({ arms: arms.filter(({ id }) => id !== arm.id) }) : undefined
            }
          />
        ))}
        {!isRollout && arms.length < MOST && (
          <Group>
            <Button size="xs" variant="default" onClick={add}>
              {text.addArm}
            </Button>
          </Group>
        )}
      </Stack>
    </Fieldset>
  );
}

interface ArmRowProps {
  readonly arm: ArmTyped;
  readonly kind: Typed["kind"];
  readonly isRollout: boolean;
  readonly change: (changes: Partial<ArmTyped>) => void;
  readonly remove: (() => void) | undefined;
}

function ArmRow({ arm, kind, isRollout, change, remove }: ArmRowProps) {
  return (
    <Group align="flex-end" gap="xs" role="group" aria-label={arm.name}>
      <TextInput
        label={text.armName}
        required
        value={arm.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      {kind === "prompt" && (
        <TextInput
          label={text.armVersion}
          placeholder={text.armVersionHint}
          value={arm.version}
          onChange={(event) => change({ version: event.currentTarget.value })}
        />
      )}
      <TextInput
        label={text.armModel}
        value={arm.model}
        onChange={(event) => change({ model: event.currentTarget.value })}
      />
      {!isRollout && (
        <TextInput
          label={text.armWeight}
          inputMode="decimal"
          required
          w={110}
          value={arm.weight}
          onChange={(event) => change({ weight: event.currentTarget.value })}
        />
      )}
      {remove && !isRollout && (
        <ActionIcon variant="default" size="lg" aria-label={text.removeArm(arm.name)} onClick={remove}>
          <IconTrash size={16} />
        </ActionIcon>
      )}
    </Group>
  );
}
