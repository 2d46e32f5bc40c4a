/** Stacked bars over time. Loaded by itself, as the library that draws them is large. */
import { Box, Group, Text } from "@mantine/core";
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { dollarsText, shortText } from "@/kit/figures";
import type { Measure } from "./asked";
import classes from "./chart.module.css";
import type { Bars } from "./pivot";

const COLOURS = ["#2f6fb5", "#b77c08", "#3d8b5f", "#a24b8f", "#5f7d8c", "#c0563b"];
const TICK = { fill: "var(--mantine-color-dimmed)", fontSize: 12 };

interface ChartProps {
  readonly bars: Bars;
  readonly measure: Measure;
  readonly isHourly: boolean;
  readonly label: string;
}

export default function Chart({ bars, measure, isHourly, label }: ChartProps) {
  const told = (value: number) => (measure === "cost" ? dollarsText(String(value)) : shortText(value));
  const format = new Intl.DateTimeFormat(
    undefined,
    isHourly ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short", timeZone: "UTC" },
  );
  const timeOf = (at: unknown) => format.format(Number(at));
  return (
    <Box>
      <Box role="img" aria-label={label} h={240} data-testid="usage-chart">
        <ResponsiveContainer width="100%" height="100%">
          <BarChart data={[...bars.rows]} accessibilityLayer={false} margin={{ left: 8, right: 8 }}>
            <CartesianGrid vertical={false} stroke="var(--mantine-color-default-border)" />
            <XAxis dataKey="at" tickFormatter={timeOf} tick={TICK} minTickGap={24} />
            <YAxis tickFormatter={told} tick={TICK} width={72} />
            <Tooltip
              isAnimationActive={false}
              labelFormatter={timeOf}
              formatter={(value) => told(Number(value))}
              contentStyle={{ background: "var(--mantine-color-body)", color: "var(--mantine-color-text)" }}
              cursor={{ fill: "var(--mantine-color-default-hover)" }}
            />
            {bars.series.map((name, index) => (
              <Bar
                key={name}
                name={name}
                dataKey={(row: Bars["rows"][number]) => row.values[name] ?? 0}
                stackId="all"
                fill={COLOURS[index % COLOURS.length] ?? "gray"}
                isAnimationActive={false}
              />
            ))}
          </BarChart>
        </ResponsiveContainer>
      </Box>
      <Group gap="md" component="ul" className={classes.legend ?? ""}>
        {bars.series.map((name, index) => (
          <Group key={name} gap={6} component="li">
            <Box w={10} h={10} bg={COLOURS[index % COLOURS.length] ?? "gray"} />
            <Text size="xs">{name}</Text>
          </Group>
        ))}
      </Group>
    </Box>
  );
}
