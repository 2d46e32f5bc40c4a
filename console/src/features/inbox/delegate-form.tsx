/** Leave a decision to approvers with another role, or to one person. */
import { Autocomplete, Button, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { $api } from "@/api/client";
import { useCan } from "@/app/session";
import { inbox as text } from "@/strings/inbox";

interface DelegateFormProps {
  readonly busy: boolean;
  readonly send: (whom: { readonly to_role: string } | { readonly to_assignee: string }) => void;
}

export function DelegateForm({ busy, send }: DelegateFormProps) {
  const [role, setRole] = useState("");
  const [person, setPerson] = useState("");
  const people = usePeople();
  const one = (role.trim() === "") !== (person.trim() === "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const known = people.find(({ email }) => email === person.trim());
    if (role.trim()) send({ to_role: role.trim() });
    else send({ to_assignee: known ? `person:${known.id}` : person.trim() });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs" align="stretch" maw={480}>
        <TextInput
          label={text.toRole}
          description={text.toRoleHint}
          value={role}
          onChange={(event) => setRole(event.currentTarget.value)}
        />
        <Autocomplete
          label={text.toPerson}
          description={text.toPersonHint}
          data={people.flatMap(({ email }) => email ?? [])}
          value={person}
          onChange={setPerson}
        />
        {!one && (
          <Text size="sm" c="dimmed">
            {text.oneOfBoth}
          </Text>
        )}
        <Button type="submit" w="fit-content" disabled={!one} loading={busy} data-testid="send-delegation">
          {text.sendDelegation}
        </Button>
      </Stack>
    </form>
  );
}

/** People to choose from, for whoever may see them; others type an id. */
function usePeople() {
  const can = useCan();
  const query = $api.useQuery(
    "get",
    "/api/v1/users",
    { params: { query: { limit: 200 } } },
    { enabled: can("people:manage") },
  );
  return query.data?.items ?? [];
}
