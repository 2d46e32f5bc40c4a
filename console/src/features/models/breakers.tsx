/** The breakers of the installation, what each process tells of them, and setting them by hand. */
import { Badge, Button, Group, Stack, Table, Text } from "@mantine/core";
import { Fragment } from "react";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { useAddress } from "@/kit/address";
import { countText, percentText } from "@/kit/figures";
import { Moment } from "@/kit/moments";
import { Part } from "@/kit/part";
import { Loaded, Nothing } from "@/kit/states";
import { Wide } from "@/kit/wide";
import { models as text } from "@/strings/models";
import { OverrideBreaker, ResetBreaker } from "./breaker-changes";
import { BreakerDetails } from "./breaker-details";

type Breaker = Schema<"BreakerShown">;

const COLOURS: Record<Breaker["state"], string> = {
  closed: "green",
  open: "red",
  half_open: "amber",
  forced_open: "red",
  disabled: "amber",
  metrics_only: "amber",
};

export function Breakers() {
  const query = $api.useQuery("get", "/api/v1/breakers", {}, { refetchInterval: 5_000 });
  return (
    <Part title={text.breakers} hint={text.breakersHint} testId="breakers">
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing title={text.noBreakers} hint={text.noBreakersHint} />
          ) : (
            <BreakerTable breakers={items} />
          )
        }
      </Loaded>
    </Part>
  );
}

function BreakerTable({ breakers }: { readonly breakers: readonly Breaker[] }) {
  const { get, set } = useAddress();
  const opened = get("breaker");
  return (
    <Wide label={text.breakers} width={760}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.dependency}</Table.Th>
            <Table.Th>{text.state}</Table.Th>
            <Table.Th>{text.failing}</Table.Th>
            <Table.Th>{text.slow}</Table.Th>
            <Table.Td />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {breakers.map((breaker) => (
            <Fragment key={breaker.name}>
              <Row
                breaker={breaker}
                isOpen={opened === breaker.name}
                toggle={() => set({ breaker: opened === breaker.name ? "" : breaker.name })}
              />
              {opened === breaker.name && <BreakerDetails processes={breaker.processes} />}
            </Fragment>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

interface RowProps {
  readonly breaker: Breaker;
  readonly isOpen: boolean;
  readonly toggle: () => void;
}

function Row({ breaker, isOpen, toggle }: RowProps) {
  const may = useCan()("installation:operate");
  const { name, state, override, processes } = breaker;
  return (
    <Table.Tr data-testid={`breaker-${name}`}>
      <Table.Td className="mono">{name}</Table.Td>
      <Table.Td>
        <Stack gap={2} align="flex-start">
          <Badge variant="light" color={COLOURS[state]} data-state={state}>
            {text.states[state]}
          </Badge>
          {override && (
            <Text size="xs" c="dimmed">
              {text.byHand(override.made_by, override.reason)}
              {override.until && (
                <>
                  {` ${text.untilThen} `}
                  <Moment at={override.until} />
                </>
              )}
            </Text>
          )}
        </Stack>
      </Table.Td>
      <Share part={sum(processes, "failed")} of={sum(processes, "calls")} />
      <Share part={sum(processes, "slow")} of={sum(processes, "calls")} />
      <Table.Td>
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          <Button
            size="xs"
            variant="subtle"
            onClick={toggle}
            aria-expanded={isOpen}
            aria-label={text.detailsOf(name)}
          >
            {text.details}
          </Button>
          {may && <OverrideBreaker breaker={breaker} />}
          {may && <ResetBreaker name={name} />}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function Share({ part, of }: { readonly part: number; readonly of: number }) {
  return (
    <Table.Td className="numeric">
      {text.ofCalls(percentText(of === 0 ? null : part / of), countText(of))}
    </Table.Td>
  );
}

function sum(processes: readonly Schema<"Reported">[], of: "calls" | "failed" | "slow"): number {
  return processes.reduce((total, process) => total + process[of], 0);
}
