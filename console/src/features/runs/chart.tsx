/** The histogram of runs: bars by uPlot, in which a stretch of time can be selected. */
import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme, useMantineTheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import type { Schema } from "@/api/client";
import type { Status } from "./filters";
import { rangeOf, STACK, type Stretch, stackedOf, stretchOf } from "./histogram";
import classes from "./runs.module.css";

const HEIGHT = 120;

/** The tone of each state's bars in the palette of the theme. */
const TONES: Readonly<Record<Status, readonly [colour: string, shade: number]>> = {
  completed: ["green", 6],
  running: ["blue", 6],
  queued: ["gray", 5],
  waiting: ["amber", 5],
  cancelled: ["gray", 7],
  failed: ["red", 6],
};

interface ChartProps {
  readonly found: Schema<"Histogram">;
  readonly label: string;
  readonly select: (stretch: Stretch) => void;
}

export function Chart({ found, label, select }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const theme = useMantineTheme();
  const isDark = useComputedColorScheme("light") === "dark";
  const latest = useRef({ found, select });
  latest.current = { found, select };
  const chart = useRef<uPlot>(undefined);

  useEffect(() => {
    const box = place.current;
    if (box === null) return;
    const axis = isDark ? "#adb1b8" : "#52585f";
    const made = new uPlot(
      optionsOf({
        width: box.clientWidth,
        axis,
        grid: isDark ? "#ffffff1a" : "#0000001a",
        fills: STACK.map((status) => {
          const [colour, shade] = TONES[status];
          return theme.colors[colour]?.[shade] ?? axis;
        }),
        range: () => rangeOf(latest.current.found),
        selected: (one, other) => {
          const stretch = stretchOf(latest.current.found, one, other);
          if (stretch) latest.current.select(stretch);
        },
      }),
      dataOf(latest.current.found),
      box,
    );
    chart.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [theme, isDark]);

  useEffect(() => chart.current?.setData(dataOf(found)), [found]);

  return <div ref={place} role="img" aria-label={label} className={classes.chart} data-testid="histogram" />;
}

/** Tall bars are drawn before short ones, which stand in front of them. */
function dataOf(found: Schema<"Histogram">): uPlot.AlignedData {
  const { at, heights } = stackedOf(found);
  return [at, ...heights.toReversed()] as uPlot.AlignedData;
}

interface Look {
  readonly width: number;
  readonly axis: string;
  readonly grid: string;
  readonly fills: readonly string[];
  /** The seconds at both ends. */
  readonly range: () => [number, number];
  /** A stretch of time was chosen, between two moments in seconds. */
  readonly selected: (one: number, other: number) => void;
}

const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** The time of day; the date where a day begins, or where ticks are days. */
function tickOf(seconds: number, step: number): string {
  const at = new Date(seconds * 1000);
  const isDay = step >= 86_400 || (at.getHours() === 0 && at.getMinutes() === 0);
  return (isDay ? DAY : TIME).format(at);
}

function optionsOf({ width, axis, grid, fills, range, selected }: Look): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [0.9, 60], align: 1 });
  let wasDragged = false; // the button that ends a selection is a click as well
  const line = {
    stroke: axis,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    font: "11px system-ui",
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: true, range }, y: { range: (_, __, most) => [0, Math.max(1, most)] } },
    axes: [
      { ...line, size: 24, values: (_, splits, __, ___, step) => splits.map((at) => tickOf(at, step)) },
      { ...line, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] },
    ],
    series: [
      {},
      ...fills
        .toReversed()
        .map((fill) => ({ fill, width: 0, points: { show: false }, ...(bars && { paths: bars }) })),
    ],
    hooks: {
      setSelect: [
        (drawn) => {
          const { left, width: wide } = drawn.select;
          if (wide < 2) return;
          wasDragged = true;
          selected(drawn.posToVal(left, "x"), drawn.posToVal(left + wide, "x"));
          drawn.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      ready: [
        (drawn) =>
          drawn.over.addEventListener("click", () => {
            const left = wasDragged ? -1 : (drawn.cursor.left ?? -1);
            wasDragged = false;
            if (left >= 0) selected(drawn.posToVal(left, "x"), drawn.posToVal(left, "x"));
          }),
      ],
    },
  };
}
