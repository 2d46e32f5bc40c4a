/** Intervals of one metric above a common axis, in SVG: a bar from end to end, and a mark for the estimate. */
import { Group, Stack, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { experiments as text } from "@/strings/experiments";
import classes from "./interval.module.css";
import { type Interval, marginOf, type Scale, scaleOf } from "./scale";
import { toldOf } from "./words";

type Difference = Schema<"ArmDifference">;
type Metric = Difference["metric"];

interface IntervalsProps {
  readonly metric: Metric;
  readonly differences: readonly Difference[];
  /** How much worse than the control its guard lets an arm be. */
  readonly worseBy: number | null;
}

export function Intervals({ metric, differences, worseBy }: IntervalsProps) {
  const margin = worseBy === null ? null : marginOf(metric, worseBy);
  const found = differences.map(intervalOf).filter((interval) => interval !== null);
  const scale = found.length > 0 ? scaleOf(found, margin === null ? [] : [margin]) : null;
  return (
    <Stack gap={2} data-testid={`metric-${metric}`}>
      <Group gap="xs">
        <Text fw={600}>{text.metrics[metric]}</Text>
        <Text size="xs" c="dimmed">
          {`${text.units[metric]}, ${text.wanted[metric]}${scale && margin !== null ? `, ${text.margin}` : ""}`}
        </Text>
      </Group>
      {differences.map((difference) => (
        <Row key={difference.arm} difference={difference} scale={scale} margin={margin} />
      ))}
      {scale && <Axis scale={scale} />}
    </Stack>
  );
}

function intervalOf({ estimate, low, high }: Difference): Interval | null {
  return estimate === null || low === null || high === null ? null : { estimate, low, high };
}

interface RowProps {
  readonly difference: Difference;
  readonly scale: Scale | null;
  readonly margin: number | null;
}

function Row({ difference, scale, margin }: RowProps) {
  const { arm, metric, verdict } = difference;
  const interval = intervalOf(difference);
  const told = toldOf(difference);
  return (
    <div className={classes.row} data-verdict={verdict}>
      <Text size="sm">{arm}</Text>
      {interval && scale ? (
        <svg
          className={classes.plot}
          role="img"
          aria-label={text.plot(arm, text.metrics[metric], told, text.verdicts[verdict])}
        >
          <line className={classes.zero} x1={at(scale, 0)} x2={at(scale, 0)} y1="0" y2="100%" />
          {margin !== null && (
            <line className={classes.margin} x1={at(scale, margin)} x2={at(scale, margin)} y1="0" y2="100%" />
          )}
          <line
            className={classes.interval}
            x1={at(scale, interval.low)}
            x2={at(scale, interval.high)}
            y1="50%"
            y2="50%"
          />
          <circle className={classes.estimate} cx={at(scale, interval.estimate)} cy="50%" r="5" />
        </svg>
      ) : (
        <div />
      )}
      <Text size="sm" className="numeric">
        {told === "" ? text.verdicts[verdict] : `${text.verdicts[verdict]}: ${told}`}
      </Text>
    </div>
  );
}

function Axis({ scale }: { readonly scale: Scale }) {
  return (
    <div className={classes.row} aria-hidden>
      <div />
      <svg className={classes.axis} role="presentation">
        {scale.ticks.map((tick) => (
          <text key={tick} className={classes.tick} x={at(scale, tick)} y="12">
            {tick}
          </text>
        ))}
      </svg>
      <div />
    </div>
  );
}

function at(scale: Scale, value: number): string {
  return `${scale.place(value)}%`;
}
