/** The providers of the installation, and whether each can be asked. */
import { Badge, Table, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { Part } from "@/kit/part";
import { models as text } from "@/strings/models";

type Provider = Schema<"ProviderShown">;

export function Providers({ providers }: { readonly providers: readonly Provider[] }) {
  return (
    <Part title={text.providers} testId="providers">
      {providers.length === 0 && <Text c="dimmed">{text.noProviders}</Text>}
      {providers.length > 0 && (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{text.provider}</Table.Th>
              <Table.Th>{text.kind}</Table.Th>
              <Table.Th>{text.key}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {providers.map((provider) => (
              <Table.Tr key={provider.name}>
                <Table.Td>{provider.name}</Table.Td>
                <Table.Td>{provider.kind}</Table.Td>
                <Table.Td>
                  <KeyBadge provider={provider} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Part>
  );
}

function KeyBadge({ provider }: { readonly provider: Provider }) {
  if (provider.keyless)
    return (
      <Badge variant="light" color="gray">
        {text.keyless}
      </Badge>
    );
  return (
    <Badge variant="light" color={provider.has_key ? "green" : "red"}>
      {provider.has_key ? text.hasKey : text.noKey}
    </Badge>
  );
}
