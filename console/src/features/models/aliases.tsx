/** The aliases with the models behind them, and what the tenant has put in their place. */
import { Badge, Group, Stack, Table, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Change } from "@/kit/change";
import { Part } from "@/kit/part";
import { useRefresh } from "@/kit/refresh";
import { Wide } from "@/kit/wide";
import { models as text } from "@/strings/models";
import { modelsOf } from "./lines";

type Alias = Schema<"AliasShown">;
const PATH = "/api/v1/models";

export function Aliases({ aliases }: { readonly aliases: readonly Alias[] }) {
  const may = useCan()("models:manage");
  return (
    <Part
      title={text.aliases}
      hint={text.aliasesHint}
      actions={may && <SetAlias label={text.newAlias} />}
      testId="aliases"
    >
      <Wide label={text.aliases} width={640}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{text.alias}</Table.Th>
              <Table.Th>{text.triedInTurn}</Table.Th>
              <Table.Th>{text.setBy}</Table.Th>
              {may && <Table.Td />}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {aliases.map((alias) => (
              <Row key={alias.alias} alias={alias} may={may} />
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </Part>
  );
}

function Row({ alias, may }: { readonly alias: Alias; readonly may: boolean }) {
  return (
    <Table.Tr data-testid={`alias-${alias.alias}`}>
      <Table.Td fw={600}>{alias.alias}</Table.Td>
      <Table.Td>
        <Stack gap={2}>
          {alias.models.map((model) => (
            <Model key={model.id} model={model} />
          ))}
        </Stack>
      </Table.Td>
      <Table.Td>{alias.own ? text.byTenant(alias.changed_by ?? "") : text.bySettings}</Table.Td>
      {may && (
        <Table.Td>
          <Group gap="xs" justify="flex-end" wrap="nowrap">
            <SetAlias label={text.change} alias={alias} />
            {alias.own && <UnsetAlias alias={alias.alias} />}
          </Group>
        </Table.Td>
      )}
    </Table.Tr>
  );
}

function Model({ model }: { readonly model: Schema<"ModelShown"> }) {
  const { id, known, input_price, output_price } = model;
  return (
    <Group gap="xs">
      <span className="mono">{id}</span>
      {!known && (
        <Badge variant="light" color="red">
          {text.modelUnknown}
        </Badge>
      )}
      {input_price !== null && input_price !== undefined ? (
        <Text size="xs" c="dimmed" title={text.price}>
          {text.priceOf(input_price, output_price ?? "?")}
        </Text>
      ) : (
        <Badge variant="light" color="amber">
          {text.priceUnknown}
        </Badge>
      )}
    </Group>
  );
}

function SetAlias({ label, alias }: { readonly label: string; readonly alias?: Alias }) {
  const refresh = useRefresh(PATH);
  const [name, setName] = useState(alias?.alias ?? "");
  const [lines, setLines] = useState(() => alias?.models.map(({ id }) => id).join("\n") ?? "");
  return (
    <Change
      label={label}
      title={alias ? text.changeTitle(alias.alias) : text.newAlias}
      hint={text.changeHint}
      run={async () => {
        const params = { path: { name: name.trim() } };
        await client.PUT("/api/v1/models/{name}", { params, body: { models: modelsOf(lines) } });
        await refresh();
      }}
    >
      {!alias && (
        <TextInput
          label={text.aliasLabel}
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      )}
      <Textarea
        label={text.modelsLabel}
        description={text.modelsHint}
        required
        rows={4}
        value={lines}
        onChange={(event) => setLines(event.currentTarget.value)}
      />
    </Change>
  );
}

function UnsetAlias({ alias }: { readonly alias: string }) {
  const refresh = useRefresh(PATH);
  return (
    <Change
      label={text.unset}
      title={text.unsetTitle(alias)}
      hint={text.unsetHint}
      run={async () => {
        await client.DELETE("/api/v1/models/{name}", { params: { path: { name: alias } } });
        await refresh();
      }}
    />
  );
}
