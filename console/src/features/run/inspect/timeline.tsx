/** When each step of a run worked, and when it waited. */
import { Group, Stack, Switch, Text } from "@mantine/core";
import { useMemo } from "react";
import { useNow } from "@/kit/clock";
import { durationOf } from "@/kit/moments";
import { Nothing } from "@/kit/states";
import { inspect } from "@/strings/inspect";
import type { RunTabProps } from "../tab";
import { axisOf, type Bar, barsOf, lengthOf, waitsOf } from "./timeline-model";
import { useOutline } from "./use-outline";
import { useParams } from "./use-param";
import { Waterfall } from "./waterfall";
import classes from "./waterfall.module.css";

const text = inspect.timeline;
const LEGEND: readonly (readonly [Bar["tone"], string])[] = [
  ["work", text.work],
  ["wait", text.wait],
  ["failed", text.failed],
];

export default function TimelineTab({ view }: RunTabProps) {
  const outline = useOutline(view);
  const [read, choose] = useParams();
  const clock = useNow({ isTicking: !outline.isOver });
  const now = outline.isOver ? outline.last : Math.max(clock, outline.last);
  const leavesOut = read("gaps") === "hide";
  const waits = useMemo(() => waitsOf(outline, now), [outline, now]);
  const axis = useMemo(
    () => axisOf(outline.origin, now, leavesOut ? waits : []),
    [outline, now, leavesOut, waits],
  );
  const bars = useMemo(() => barsOf(outline, now), [outline, now]);
  if (outline.parts.length === 0) return <Nothing title={inspect.noSteps} hint={inspect.noStepsHint} />;
  const whole = now - outline.origin;
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Group gap="md">
          {LEGEND.map(([tone, name]) => (
            <Text key={tone} size="xs">
              <span className={`${classes.bar} ${classes.legend}`} data-tone={tone} />
              {name}
            </Text>
          ))}
          <Text size="xs" c="dimmed" className="numeric" data-testid="timeline-total">
            {text.total(durationOf(whole / 1000))}
            {", "}
            {text.working(durationOf((whole - lengthOf(waits)) / 1000))}
          </Text>
        </Group>
        <Switch
          label={text.gaps}
          checked={leavesOut}
          disabled={waits.length === 0}
          onChange={({ currentTarget }) => choose({ gaps: currentTarget.checked ? "hide" : undefined })}
        />
      </Group>
      <Waterfall bars={bars} axis={axis} now={now} label={text.label} heading={text.step} />
    </Stack>
  );
}
