/** What was spent in each period as bars, with the limits and what is expected; drawn by uPlot, loaded when shown. */
import "uplot/dist/uPlot.min.css";
import { Group, Text, useComputedColorScheme, useMantineTheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { budgets as text } from "@/strings/budgets";
import classes from "./budgets.module.css";
import type { Burn } from "./burn";

const HEIGHT = 240;
const NAMES = ["spent", "expected", "soft", "hard"] as const;

export default function BurnChart({ burn }: { readonly burn: Burn }) {
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const { colors } = useMantineTheme();
  const dark = useComputedColorScheme("light") === "dark";
  const shade = dark ? 4 : 6;
  const paint = {
    spent: colors.pilot?.[shade] ?? "",
    expected: colors.green[shade],
    soft: colors.amber?.[shade] ?? "",
    hard: colors.red[shade],
  };
  const key = JSON.stringify([burn, width, dark]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says all that the drawing is made of
  useEffect(() => {
    if (place.current === null || width === 0) return;
    const chart = new uPlot(optionsOf(width, paint, dark), burn.columns, place.current);
    return () => chart.destroy();
  }, [key]);
  const shown = NAMES.filter((_, series) => burn.columns[series + 1]?.some((value) => value !== null));
  return (
    <div ref={ref}>
      <div
        ref={place}
        role="img"
        aria-label={text.chartLabel}
        style={{ minHeight: HEIGHT }}
        data-testid="burn"
      />
      <Group gap="md" mt={4}>
        {shown.map((name) => (
          <Group key={name} gap={6}>
            <span className={classes.legend} style={{ background: paint[name] }} />
            <Text size="xs">{text.series[name]}</Text>
          </Group>
        ))}
      </Group>
    </div>
  );
}

function optionsOf(
  width: number,
  paint: Record<(typeof NAMES)[number], string>,
  dark: boolean,
): uPlot.Options {
  const ink = dark ? "#c9cdd2" : "#40464d";
  const axis = {
    stroke: ink,
    grid: { stroke: dark ? "#3b3f45" : "#e3e6ea", width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, most) => [0, Math.max(most, 1e-6) * 1.1] } },
    axes: [axis, { ...axis, size: 70 }],
    series: [
      {},
      {
        stroke: paint.spent,
        fill: paint.spent,
        paths: uPlot.paths.bars?.({ size: [0.6, 60] }) ?? (() => null),
        points: { show: false },
      },
      { stroke: paint.expected, paths: () => null, points: { show: true, size: 12, fill: paint.expected } },
      { stroke: paint.soft, width: 2, dash: [6, 4], points: { show: false } },
      { stroke: paint.hard, width: 2, points: { show: false } },
    ],
  };
}
