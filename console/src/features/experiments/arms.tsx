/** The arms of an experiment: what each does, its share, and what came of its calls. */
import { Badge, Group, Table, Text } from "@mantine/core";
import { client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Change } from "@/kit/change";
import { countText, dollarsText, millisecondsText, percentText } from "@/kit/figures";
import { Part } from "@/kit/part";
import { useRefresh } from "@/kit/refresh";
import { Wide } from "@/kit/wide";
import { experiments as text } from "@/strings/experiments";
import { useWhy } from "./why";
import { armText, sharesOf } from "./words";

type Experiment = Schema<"Experiment">;
type Arm = Schema<"Arm">;

const FIGURES = [
  text.calls,
  text.validity,
  text.errors,
  text.repairs,
  text.tokens,
  text.cost,
  text.totalCost,
  text.p50,
  text.p95,
  text.feedback,
];

export function Arms({ experiment }: { readonly experiment: Experiment }) {
  const may = useCan()("experiments:stop") && experiment.state === "running";
  const shares = sharesOf(experiment.arms);
  return (
    <Part title={text.arms} hint={text.armsHint} testId="arms">
      <Wide label={text.arms} width={1100}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              {[text.arm, text.does, text.share, ...FIGURES].map((head) => (
                <Table.Th key={head}>{head}</Table.Th>
              ))}
              {may && <Table.Td />}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {experiment.arms.map((arm) => (
              <Table.Tr key={arm.name} data-testid={`arm-${arm.name}`}>
                <Table.Th scope="row">
                  <ArmName arm={arm} />
                </Table.Th>
                <Table.Td>{armText(arm)}</Table.Td>
                <Table.Td className="numeric">{text.shareOf(String(shares.get(arm.name) ?? 0))}</Table.Td>
                {figuresOf(experiment.result.arms.find((one) => one.arm === arm.name)).map(
                  (figure, index) => (
                    <Table.Td key={FIGURES[index]} className="numeric">
                      {figure}
                    </Table.Td>
                  ),
                )}
                {may && (
                  <Table.Td>
                    {arm.name !== "control" && !arm.stopped_at && (
                      <StopArm id={experiment.id} arm={arm.name} />
                    )}
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </Part>
  );
}

function ArmName({ arm }: { readonly arm: Arm }) {
  return (
    <>
      <Group gap={6} wrap="nowrap">
        {arm.name}
        {arm.stopped_at && (
          <Badge variant="light" color="red">
            {text.stoppedArm}
          </Badge>
        )}
      </Group>
      {arm.why && (
        <Text size="xs" c="dimmed">
          {`${arm.stopped_by ? `${text.by(arm.stopped_by)}: ` : ""}${arm.why}`}
        </Text>
      )}
    </>
  );
}

function figuresOf(result: Schema<"ArmResult"> | undefined): string[] {
  const told = (value: number | null | undefined, digits: number) =>
    value === null || value === undefined ? "–" : value.toFixed(digits);
  if (!result) return FIGURES.map(() => "–");
  return [
    countText(result.calls),
    percentText(result.validity),
    percentText(result.errors),
    told(result.repairs, 2),
    told(result.tokens, 0),
    result.cost === null ? "–" : dollarsText(String(result.cost)),
    dollarsText(result.total_cost),
    millisecondsText(result.latency_p50),
    millisecondsText(result.latency_p95),
    result.feedback === null ? "–" : text.feedbackOf(told(result.feedback, 2), countText(result.ratings)),
  ];
}

function StopArm({ id, arm }: { readonly id: string; readonly arm: string }) {
  const refresh = useRefresh();
  const { why, field } = useWhy();
  return (
    <Change
      label={text.stopArm}
      title={text.stopArmTitle(arm)}
      hint={text.stopArmHint}
      color="red"
      run={async () => {
        const params = { path: { experiment_id: id } };
        await client.POST("/api/v1/experiments/{experiment_id}/stop-arm", { params, body: { arm, why } });
        await refresh("/api/v1/experiments");
      }}
    >
      {field}
    </Change>
  );
}
