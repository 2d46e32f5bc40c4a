/** Which calls are wanted: the period, and who or what they were for. Both stand in the address. */
import { Button, Group, NativeSelect, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useAddress } from "@/kit/address";
import { optionsOf } from "@/kit/options";
import { usage as text } from "@/strings/usage";
import { FILTERS, type FilterName, type Filters, oneOf, type Period } from "./asked";

export function useAsked(): { readonly period: Period; readonly filters: Filters } {
  const { get } = useAddress();
  const chosen = FILTERS.map((name) => [name, get(name)] as const).filter(([, value]) => value !== "");
  return { period: oneOf(get("period"), text.periods, "month"), filters: Object.fromEntries(chosen) };
}

export function PeriodPicker() {
  const { set } = useAddress();
  const { period } = useAsked();
  return (
    <NativeSelect
      label={text.period}
      size="xs"
      value={period}
      data={optionsOf(text.periods)}
      onChange={(event) => set({ period: event.currentTarget.value })}
    />
  );
}

/** Text fields, one for each filter; they count once one has sent them. */
export function FilterBar() {
  const { filters } = useAsked();
  return <Fields key={JSON.stringify(filters)} filters={filters} />;
}

function Fields({ filters }: { readonly filters: Filters }) {
  const { set } = useAddress();
  const [typed, setTyped] = useState<Filters>(filters);
  const type = (name: FilterName, value: string) => setTyped({ ...typed, [name]: value });
  return (
    <form
      aria-label={text.filters}
      onSubmit={(event) => {
        event.preventDefault();
        set(Object.fromEntries(FILTERS.map((name) => [name, (typed[name] ?? "").trim()])));
      }}
    >
      <Text size="sm" fw={600} mb={4}>
        {text.filters}
      </Text>
      <Group gap="xs" align="flex-end">
        {FILTERS.map((name) => (
          <TextInput
            key={name}
            label={text.filter[name]}
            size="xs"
            w={150}
            value={typed[name] ?? ""}
            onChange={(event) => type(name, event.currentTarget.value)}
          />
        ))}
        <Button type="submit" size="xs" variant="light">
          {text.apply}
        </Button>
        {Object.keys(filters).length > 0 && (
          <Button
            size="xs"
            variant="subtle"
            onClick={() => set(Object.fromEntries(FILTERS.map((name) => [name, ""])))}
          >
            {text.clearFilters}
          </Button>
        )}
      </Group>
    </form>
  );
}
