/** A text is looked at by the guards, and shown with what they have found. */
import { Alert, Button, Select, Stack, Table, Text, Textarea, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { $api, type Schema } from "@/api/client";
import { CopyValue } from "@/kit/copyable";
import { optionsOf } from "@/kit/options";
import { Failure, Nothing } from "@/kit/states";
import { guards as text } from "@/strings/guards";
import { ActBadge, SeverityBadge } from "./badges";
import classes from "./guards.module.css";
import { type Finding, piecesOf } from "./pieces";

const INLETS = optionsOf(text.inlets);
const MOST = 200_000;

export function TryText() {
  const [written, setWritten] = useState("");
  const [inlet, setInlet] = useState<Schema<"Inlet">>("input");
  const scanning = $api.useMutation("post", "/api/v1/guards/scan");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    scanning.mutate({ body: { text: written, inlet } });
  };
  return (
    <Stack>
      <form onSubmit={submit}>
        <Stack gap="sm" maw={820}>
          <Textarea
            label={text.text}
            description={text.textHint}
            placeholder={text.example}
            value={written}
            onChange={(event) => setWritten(event.currentTarget.value)}
            autosize
            minRows={4}
            maxRows={16}
            maxLength={MOST}
            data-testid="guard-text"
          />
          <Select
            label={text.inlet}
            data={INLETS}
            value={inlet}
            onChange={(value) => value && setInlet(value as Schema<"Inlet">)}
            allowDeselect={false}
            maw={360}
          />
          <Button
            type="submit"
            w="fit-content"
            loading={scanning.isPending}
            disabled={written === ""}
            data-testid="scan"
          >
            {text.scan}
          </Button>
        </Stack>
      </form>
      {scanning.error && <Failure error={scanning.error} />}
      {scanning.data && scanning.variables && (
        <Found scanned={scanning.data} given={scanning.variables.body.text} />
      )}
    </Stack>
  );
}

function Found({ scanned, given }: { readonly scanned: Schema<"Scanned">; readonly given: string }) {
  const { findings, masked } = scanned;
  if (findings.length === 0) return <Nothing title={text.nothingFound} hint={text.nothingFoundHint} />;
  return (
    <Stack gap="sm" data-testid="scanned">
      <Title order={2} size="h4" role="status">
        {text.result}
        {": "}
        {text.found(findings.length)}
      </Title>
      {findings.some(({ action }) => action === "block") && <Alert color="red">{text.blocked}</Alert>}
      <Title order={3} size="h5">
        {text.highlighted}
      </Title>
      <p className={classes.text} data-testid="highlighted">
        {piecesOf(given, findings).map(({ start, text: piece, found }) =>
          found[0] === undefined ? (
            <span key={start}>{piece}</span>
          ) : (
            <mark key={start} className={classes.found} data-severity={found[0].severity}>
              {piece}
              <span className={classes.type}>{found.map(({ type }) => type).join(", ")}</span>
            </mark>
          ),
        )}
      </p>
      <FindingTable findings={findings} />
      <Title order={3} size="h5">
        {text.masked} <CopyValue value={masked} />
      </Title>
      <p className={classes.text} data-testid="masked-text">
        {masked}
      </p>
      <Text size="sm" c="dimmed">
        {text.maskedHint}
      </Text>
    </Stack>
  );
}

function FindingTable({ findings }: { readonly findings: readonly Finding[] }) {
  return (
    <Table.ScrollContainer minWidth={560} type="native">
      <Table>
        <Table.Thead>
          <Table.Tr>
            {[text.type, text.group, text.place, text.severity, text.confidence, text.action].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {findings.map(({ type, group, start, end, severity, confidence, action }) => (
            <Table.Tr key={`${type} ${start} ${end}`} data-testid="finding">
              <Table.Td className="mono">{type}</Table.Td>
              <Table.Td>{group}</Table.Td>
              <Table.Td className="numeric">{text.characters(start, end)}</Table.Td>
              <Table.Td>
                <SeverityBadge severity={severity} />
              </Table.Td>
              <Table.Td className="numeric">{text.sure(Math.round(confidence * 100))}</Table.Td>
              <Table.Td>
                <ActBadge act={action} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
