/** The fields that can be changed of a budget: its limits, and what becomes of what goes beyond. */
import { Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import type { Schema } from "@/api/client";
import { budgets as text } from "@/strings/budgets";
import { isAmount } from "./amounts";

export interface Terms {
  readonly soft: string;
  readonly hard: string;
  readonly beyond: Schema<"Beyond">;
  readonly role: string;
  readonly lost: Schema<"Lost">;
}

/** What the form has, as the API takes it. */
export function termsOf({ soft, hard, beyond, role, lost }: Terms): Schema<"BudgetTerms"> {
  return {
    soft: soft.trim() || null,
    hard: hard.trim() || null,
    beyond,
    role: beyond === "approval" ? role.trim() || null : null,
    lost,
  };
}

/** Whether the form can be sent; the server looks at it anew. */
export function isWhole({ soft, hard }: Terms): boolean {
  return isAmount(soft) && isAmount(hard) && (soft.trim() !== "" || hard.trim() !== "");
}

interface TermFieldsProps {
  readonly terms: Terms;
  readonly change: (terms: Terms) => void;
}

export function TermFields({ terms, change }: TermFieldsProps) {
  return (
    <Stack gap="sm">
      <Group grow align="flex-start">
        <Amount
          label={text.softLimit}
          hint={text.softHint}
          value={terms.soft}
          change={(soft) => change({ ...terms, soft })}
        />
        <Amount
          label={text.hardLimit}
          hint={text.hardHint}
          value={terms.hard}
          change={(hard) => change({ ...terms, hard })}
        />
      </Group>
      {terms.soft.trim() === "" && terms.hard.trim() === "" && (
        <Text size="sm" c="dimmed">
          {text.noLimit}
        </Text>
      )}
      <Chosen
        label={text.beyond}
        value={terms.beyond}
        options={text.beyonds}
        change={(beyond) => change({ ...terms, beyond })}
      />
      {terms.beyond === "approval" && (
        <TextInput
          label={text.role}
          description={text.roleHint}
          value={terms.role}
          onChange={(event) => change({ ...terms, role: event.currentTarget.value })}
          required
        />
      )}
      <Chosen
        label={text.lost}
        value={terms.lost}
        options={text.losts}
        change={(lost) => change({ ...terms, lost })}
      />
    </Stack>
  );
}

interface AmountProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly change: (value: string) => void;
}

function Amount({ label, hint, value, change }: AmountProps) {
  return (
    <TextInput
      label={label}
      description={hint}
      inputMode="decimal"
      value={value}
      error={!isAmount(value) && text.notAmount}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}

interface ChosenProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: Readonly<Record<T, string>>;
  readonly change: (value: T) => void;
}

function Chosen<T extends string>({ label, value, options, change }: ChosenProps<T>) {
  const data = (Object.keys(options) as T[]).map((name) => ({ value: name, label: options[name] }));
  return (
    <Stack gap={4}>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <SegmentedControl
        aria-label={label}
        data={data}
        value={value}
        onChange={(next) => change(next as T)}
        transitionDuration={0}
      />
    </Stack>
  );
}
