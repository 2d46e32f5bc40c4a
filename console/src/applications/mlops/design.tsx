/** The design of a run: what was read, what is planned, what it costs, why, and what the critics say. */
import { Card, Stack, Table, Text } from "@mantine/core";
import { useMemo } from "react";
import type { RunTabProps } from "@/features/run/tab";
import { Section } from "@/kit/section";
import { Nothing } from "@/kit/states";
import { mlops as text } from "@/strings/mlops";
import { Constraints } from "./constraints";
import { Costs } from "./costs";
import { type Component, designOf } from "./reading";
import { Checks, Decisions } from "./records";

const DIAGRAM = "architecture.svg";

export default function DesignTab({ run, view }: RunTabProps) {
  const design = useMemo(() => designOf(view.entries), [view.entries]);
  if (design.constraints.length === 0) return <Nothing title={text.nothing} hint={text.nothingHint} />;
  return (
    <Stack gap="lg" data-testid="design">
      {design.components.length > 0 && (
        <Section title={text.diagram}>
          <Diagram run={run} place={design.place} />
        </Section>
      )}
      {design.bill && (
        <Section title={text.costs}>
          <Costs bill={design.bill} />
        </Section>
      )}
      {design.components.length > 0 && (
        <Section title={text.components}>
          <Components components={design.components} />
        </Section>
      )}
      {design.decisions.length > 0 && (
        <Section title={text.decisions}>
          <Decisions decisions={design.decisions} />
        </Section>
      )}
      <Section title={text.constraints}>
        <Constraints prompt={design.prompt} constraints={design.constraints} />
      </Section>
      {design.checks.length > 0 && (
        <Section title={text.checks}>
          <Checks checks={design.checks} />
        </Section>
      )}
    </Stack>
  );
}

function Diagram({ run, place }: { readonly run: RunTabProps["run"]; readonly place: string }) {
  const drawn = run.artifacts.findLast(({ name }) => name === DIAGRAM);
  if (drawn === undefined) {
    return (
      <Text size="sm" c="dimmed">
        {text.noDiagram}
      </Text>
    );
  }
  return (
    <Card withBorder padding="sm" bg="white">
      <img
        src={`/api/v1/artifacts/${drawn.id}/content`}
        alt={text.diagramAlt(place)}
        data-testid="architecture"
        style={{ maxWidth: "100%", maxHeight: "70vh" }}
      />
    </Card>
  );
}

function Components({ components }: { readonly components: readonly Component[] }) {
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table aria-label={text.components} data-testid="components">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.role}</Table.Th>
            <Table.Th>{text.component}</Table.Th>
            <Table.Th>{text.why}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {components.map((component) => (
            <Table.Tr key={`${component.role} ${component.id}`}>
              <Table.Td>{component.role}</Table.Td>
              <Table.Td>
                {component.name}
                <Text size="xs" c="dimmed">
                  {component.parameters}
                </Text>
              </Table.Td>
              <Table.Td>{component.why}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
