/** The arms of an experiment: what each does, its share, and what came of its calls. */
import { Badge, Group, Text } from "@mantine/core";
import { client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Change } from "@/kit/change";
import { countText, dollarsText, millisecondsText, percentText } from "@/kit/figures";
import { type Column, Listing } from "@/kit/listing";
import { Part } from "@/kit/part";
import { useRefresh } from "@/kit/refresh";
import { dialogs } from "@/strings/dialogs";
import { experiments as text } from "@/strings/experiments";
import { useWhy } from "./why";
import { armText, sharesOf } from "./words";

type Experiment = Schema<"Experiment">;
type Arm = Schema<"Arm">;

interface Row {
  readonly arm: Arm;
  readonly share: number;
  readonly result: Schema<"ArmResult"> | undefined;
}

const NONE = "–";

const COLUMNS: readonly Column<Row>[] = [
  { header: text.arm, isName: true, cell: ({ arm }) => <ArmName arm={arm} /> },
  { header: text.does, cell: ({ arm }) => armText(arm) },
  { header: text.share, className: "numeric", cell: ({ share }) => text.shareOf(String(share)) },
  figure(text.calls, ({ calls }) => countText(calls)),
  figure(text.validity, ({ validity }) => percentText(validity)),
  figure(text.errors, ({ errors }) => percentText(errors)),
  figure(text.repairs, ({ repairs }) => repairs?.toFixed(2)),
  figure(text.tokens, ({ tokens }) => tokens?.toFixed(0)),
  figure(text.cost, ({ cost }) => (cost === null ? undefined : dollarsText(String(cost)))),
  figure(text.totalCost, ({ total_cost }) => dollarsText(total_cost)),
  figure(text.p50, ({ latency_p50 }) => millisecondsText(latency_p50)),
  figure(text.p95, ({ latency_p95 }) => millisecondsText(latency_p95)),
  figure(text.feedback, ({ feedback, ratings }) =>
    feedback === null ? undefined : text.feedbackOf(feedback.toFixed(2), countText(ratings)),
  ),
];

/** A figure of what came of the calls of an arm; it may tell of none. */
function figure(header: string, told: (result: Schema<"ArmResult">) => string | undefined): Column<Row> {
  return { header, className: "numeric", cell: ({ result }) => (result && told(result)) ?? NONE };
}

export function Arms({ experiment }: { readonly experiment: Experiment }) {
  const may = useCan()("experiments:stop") && experiment.state === "running";
  const shares = sharesOf(experiment.arms);
  const stop = ({ arm: { name, stopped_at } }: Row) =>
    name !== "control" && !stopped_at && <StopArm id={experiment.id} arm={name} />;
  return (
    <Part title={text.arms} hint={text.armsHint} testId="arms">
      <Listing
        label={text.arms}
        columns={may ? [...COLUMNS, { header: dialogs.actions, cell: stop }] : COLUMNS}
        rows={experiment.arms.map((arm) => ({
          arm,
          share: shares.get(arm.name) ?? 0,
          result: experiment.result.arms.find((one) => one.arm === arm.name),
        }))}
        keyOf={({ arm }) => arm.name}
        width={1100}
        rowTestId={({ arm }) => `arm-${arm.name}`}
      />
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

function StopArm({ id, arm }: { readonly id: string; readonly arm: string }) {
  const refresh = useRefresh("/api/v1/experiments");
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
        await refresh();
      }}
    >
      {field}
    </Change>
  );
}
