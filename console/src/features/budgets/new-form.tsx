/** Makes a budget. What was typed stays until the server has taken it. */
import { Button, Group, Select, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { $api, type Schema } from "@/api/client";
import { optionsOf } from "@/kit/options";
import { useRefresh } from "@/kit/refresh";
import { Failure } from "@/kit/states";
import { budgets as text } from "@/strings/budgets";
import { isWhole, TermFields, type Terms, termsOf } from "./fields";
import { LIST } from "./use-budgets";

interface Given extends Terms {
  readonly name: string;
  readonly scope: Schema<"Scope">;
  readonly subject: string;
  readonly unit: Schema<"Unit">;
  readonly currency: string;
  readonly period: Schema<"Period">;
  readonly time_zone: string;
}

const EMPTY: Given = {
  name: "",
  scope: "tenant",
  subject: "",
  unit: "money",
  currency: "EUR",
  period: "month",
  time_zone: "UTC",
  soft: "",
  hard: "",
  beyond: "deny",
  role: "",
  lost: "charge",
};

/** What the form has, as the API takes it. */
export function newBudget(given: Given): Schema<"NewBudget"> {
  const { name, scope, subject, unit, currency, period, time_zone } = given;
  return {
    ...termsOf(given),
    name: name.trim(),
    scope,
    subject: scope === "tenant" ? "" : subject.trim(),
    unit,
    currency: unit === "money" ? currency.trim().toUpperCase() : null,
    period: scope === "run" ? "run" : period,
    time_zone,
  };
}

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

export function NewBudgetForm({ done }: { readonly done: () => void }) {
  const [given, setGiven] = useState(EMPTY);
  const refresh = useRefresh(LIST);
  const making = $api.useMutation("post", "/api/v1/budgets", {
    onSuccess: () => {
      notifications.show({ message: text.created, color: "green" });
      void refresh();
      done();
    },
  });
  const change = (changed: Partial<Given>) => setGiven({ ...given, ...changed });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate({ body: newBudget(given) });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label={text.name}
          value={given.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
          required
          data-autofocus
        />
        <WhatCounts given={given} change={change} />
        <TermFields terms={given} change={change} />
        {making.error && <Failure error={making.error} />}
        <Button
          type="submit"
          w="fit-content"
          loading={making.isPending}
          disabled={given.name.trim() === "" || !isWhole(given)}
          data-testid="save-budget"
        >
          {text.create}
        </Button>
      </Stack>
    </form>
  );
}

interface WhatCountsProps {
  readonly given: Given;
  readonly change: (changed: Partial<Given>) => void;
}

function WhatCounts({ given, change }: WhatCountsProps) {
  const { scope, subject, unit, currency, period, time_zone } = given;
  return (
    <>
      <Group grow align="flex-start">
        <Select
          label={text.scope}
          data={optionsOf(text.scopes)}
          value={scope}
          onChange={(value) => value && change({ scope: value as Given["scope"], subject: "" })}
          allowDeselect={false}
        />
        {scope !== "tenant" && (
          <TextInput
            label={text.subject[scope]}
            value={subject}
            onChange={(event) => change({ subject: event.currentTarget.value })}
            required
          />
        )}
      </Group>
      <Group grow align="flex-start">
        <Select
          label={text.unit}
          data={optionsOf(text.units)}
          value={unit}
          onChange={(value) => value && change({ unit: value as Given["unit"] })}
          allowDeselect={false}
        />
        {unit === "money" && (
          <TextInput
            label={text.currency}
            value={currency}
            maxLength={3}
            onChange={(event) => change({ currency: event.currentTarget.value })}
          />
        )}
      </Group>
      {scope !== "run" && (
        <Group grow align="flex-start">
          <Select
            label={text.period}
            data={optionsOf(text.periods)}
            value={period}
            onChange={(value) => value && change({ period: value as Given["period"] })}
            allowDeselect={false}
          />
          <Select
            label={text.timeZone}
            data={ZONES}
            value={time_zone}
            onChange={(value) => value && change({ time_zone: value })}
            searchable
            allowDeselect={false}
          />
        </Group>
      )}
    </>
  );
}
