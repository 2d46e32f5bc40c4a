/** What can be done with an experiment, by its state and by what one may do. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Change } from "@/kit/change";
import { useRefresh } from "@/kit/refresh";
import { experiments as text } from "@/strings/experiments";
import { useWhy } from "./why";

type Experiment = Schema<"Experiment">;

interface OneProps {
  readonly experiment: Experiment;
}

const PATH = "/api/v1/experiments";

function pathOf({ id }: Experiment) {
  return { params: { path: { experiment_id: id } } };
}

export function Changes({ experiment }: OneProps) {
  const can = useCan();
  const { state, rollout, stage } = experiment;
  const isOver = state === "concluded";
  const may = can("experiments:manage") && !isOver;
  const hasNext = rollout !== null && (stage ?? 0) + 1 < rollout.stages.length;
  return (
    <>
      {may && state !== "running" && <Start experiment={experiment} />}
      {may && state === "running" && hasNext && <Advance experiment={experiment} />}
      {may && rollout === null && <Weights experiment={experiment} />}
      {can("experiments:stop") && state === "running" && <Stop experiment={experiment} />}
      {may && state !== "draft" && <Conclude experiment={experiment} />}
    </>
  );
}

function Start({ experiment }: OneProps) {
  const refresh = useRefresh(PATH);
  return (
    <Change
      label={experiment.state === "draft" ? text.start : text.startAgain}
      hint={text.startHint}
      variant="filled"
      run={async () => {
        await client.POST("/api/v1/experiments/{experiment_id}/start", pathOf(experiment));
        await refresh();
      }}
    />
  );
}

function Advance({ experiment }: OneProps) {
  const refresh = useRefresh(PATH);
  return (
    <Change
      label={text.advance}
      hint={text.advanceHint}
      run={async () => {
        await client.POST("/api/v1/experiments/{experiment_id}/advance", pathOf(experiment));
        await refresh();
      }}
    />
  );
}

function Stop({ experiment }: OneProps) {
  const refresh = useRefresh(PATH);
  const { why, field } = useWhy();
  return (
    <Change
      label={text.stop}
      hint={text.stopHint}
      color="red"
      run={async () => {
        const body = { why };
        await client.POST("/api/v1/experiments/{experiment_id}/stop", { ...pathOf(experiment), body });
        await refresh();
      }}
    >
      {field}
    </Change>
  );
}

function Weights({ experiment }: OneProps) {
  const refresh = useRefresh(PATH);
  const arms = experiment.arms.filter(({ name, stopped_at }) => name !== "control" && !stopped_at);
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const shareOf = (arm: Schema<"Arm">) => typed[arm.name] ?? Number(arm.weight).toString();
  return (
    <Change
      label={text.weights}
      hint={text.weightsHint}
      run={async () => {
        const weights = Object.fromEntries(arms.map((arm) => [arm.name, shareOf(arm).trim()]));
        await client.PUT("/api/v1/experiments/{experiment_id}/weights", {
          ...pathOf(experiment),
          body: { weights },
        });
        await refresh();
      }}
      onDone={() => setTyped({})}
    >
      {arms.map((arm) => (
        <TextInput
          key={arm.name}
          label={`${arm.name}: ${text.armWeight}`}
          inputMode="decimal"
          required
          value={shareOf(arm)}
          onChange={(event) => setTyped({ ...typed, [arm.name]: event.currentTarget.value })}
        />
      ))}
    </Change>
  );
}

function Conclude({ experiment }: OneProps) {
  const refresh = useRefresh(PATH, "/api/v1/prompts", "/api/v1/models");
  const [winner, setWinner] = useState("");
  const { why, field } = useWhy();
  return (
    <Change
      label={text.conclude}
      hint={text.concludeHint}
      run={async () => {
        const body = { winner: winner || null, why };
        await client.POST("/api/v1/experiments/{experiment_id}/conclude", { ...pathOf(experiment), body });
        await refresh();
      }}
    >
      <NativeSelect
        label={text.winnerField}
        value={winner}
        data={[
          { value: "", label: text.noWinner },
          ...experiment.arms.map(({ name }) => ({ value: name, label: name })),
        ]}
        onChange={(event) => setWinner(event.currentTarget.value)}
      />
      {field}
    </Change>
  );
}
