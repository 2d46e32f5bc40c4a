/** Which entries are wanted: all that the API can filter by, kept in the address. */
import { Button, Group, Select, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Schema } from "@/api/client";
import { useAddress } from "@/kit/address";
import { fieldOf, momentOf } from "@/kit/local-moment";
import { optionsOf } from "@/kit/options";
import { audit as text } from "@/strings/audit";

type Kind = Schema<"Kind-Input">;

const NAMES = ["kind", "actor", "run_id", "since", "until", "text"] as const;
type Name = (typeof NAMES)[number];
type Filters = Readonly<Record<Name, string>>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NONE: Filters = { kind: "", actor: "", run_id: "", since: "", until: "", text: "" };

/** What the address asks for, as the API takes it; what it would refuse is left out. */
export function filtersOf(get: (name: string) => string) {
  const [kind, actor, run, since, until, said] = NAMES.map(get) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    ...(kind in text.kinds ? { kind: kind as Kind } : {}),
    ...(actor ? { actor } : {}),
    ...(UUID.test(run) ? { run_id: run } : {}),
    ...(isMoment(since) ? { since } : {}),
    ...(isMoment(until) ? { until } : {}),
    ...(said.length > 1 ? { text: said } : {}),
  };
}

function isMoment(value: string): boolean {
  return value !== "" && !Number.isNaN(Date.parse(value));
}

const KINDS = optionsOf(text.kinds);

export function FilterBar() {
  const { get, set } = useAddress();
  const given = Object.fromEntries(NAMES.map((name) => [name, get(name)])) as Filters;
  return <Fields key={JSON.stringify(given)} given={given} onChange={(filters) => set({ ...filters })} />;
}

function Fields({ given, onChange }: { given: Filters; onChange: (filters: Filters) => void }) {
  const [typed, setTyped] = useState(given);
  const put = (name: Name, value: string) => setTyped((before) => ({ ...before, [name]: value }));
  const said = typed.text.trim();
  const run = typed.run_id.trim();
  const errors = {
    text: said.length === 1 ? text.tooShort : undefined,
    run_id: run !== "" && !UUID.test(run) ? text.noRunId : undefined,
  };
  function search(event: FormEvent) {
    event.preventDefault();
    if (!errors.text && !errors.run_id)
      onChange({ ...typed, text: said, run_id: run, actor: typed.actor.trim() });
  }
  const field = (name: "since" | "until") => (
    <TextInput
      type="datetime-local"
      label={text[name]}
      value={fieldOf(typed[name])}
      onChange={(event) => put(name, momentOf(event.currentTarget.value) ?? "")}
      size="xs"
    />
  );
  return (
    <form onSubmit={search} aria-label={text.filters}>
      <Group align="flex-start" gap="xs" mb="sm">
        <Select
          label={text.kind}
          placeholder={text.anyKind}
          data={KINDS}
          value={typed.kind || null}
          onChange={(kind) => onChange({ ...typed, kind: kind ?? "" })}
          clearable
          searchable
          size="xs"
          w={150}
        />
        <TextInput
          label={text.text}
          value={typed.text}
          onChange={(event) => put("text", event.currentTarget.value)}
          error={errors.text}
          size="xs"
          w={170}
        />
        <TextInput
          label={text.actor}
          placeholder={text.actorHint}
          value={typed.actor}
          onChange={(event) => put("actor", event.currentTarget.value)}
          size="xs"
          w={170}
        />
        <TextInput
          label={text.run}
          value={typed.run_id}
          onChange={(event) => put("run_id", event.currentTarget.value)}
          error={errors.run_id}
          size="xs"
          w={170}
        />
        {field("since")}
        {field("until")}
        <Group gap="xs" mt={22}>
          <Button type="submit" size="xs">
            {text.apply}
          </Button>
          {NAMES.some((name) => given[name]) && (
            <Button variant="default" size="xs" onClick={() => onChange(NONE)}>
              {text.clear}
            </Button>
          )}
        </Group>
      </Group>
    </form>
  );
}
