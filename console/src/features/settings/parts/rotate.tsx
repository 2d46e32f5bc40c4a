/** Gives a new secret, while the old one holds for some hours more. */
import { NumberInput, Text } from "@mantine/core";
import { useState } from "react";
import { FormDialog } from "@/kit/form-dialog";

interface RotateProps {
  readonly title: string;
  readonly what: string;
  readonly action: string;
  /** What the field of hours is called. */
  readonly overlap: string;
  /** Seconds for which both secrets hold. */
  readonly onRotate: (overlap: number) => Promise<unknown>;
  readonly onClose: () => void;
}

export function Rotate({ title, what, action, overlap, onRotate, onClose }: RotateProps) {
  const [hours, setHours] = useState<number | string>(24);
  return (
    <FormDialog
      title={title}
      action={action}
      disabled={hours === ""}
      onSubmit={() => onRotate(Math.round(Number(hours) * 3_600))}
      onClose={onClose}
    >
      <Text size="sm">{what}</Text>
      <NumberInput label={overlap} value={hours} onChange={setHours} min={0} max={720} data-autofocus />
    </FormDialog>
  );
}
