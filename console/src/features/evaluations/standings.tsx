/** How each version did, with the interval in which the share that passes lies. */
import { Text } from "@mantine/core";
import { countText, dollarsText, millisecondsText, percentText } from "@/kit/figures";
import { type Column, Listing } from "@/kit/listing";
import { Part } from "@/kit/part";
import { evaluations as text } from "@/strings/evaluations";
import { nameOf, type Standing } from "./results";
import classes from "./standings.module.css";

const COLUMNS: readonly Column<Standing>[] = [
  { header: text.version, isName: true, cell: ({ sheet }) => sheet.version },
  { header: text.model, cell: ({ sheet }) => sheet.model },
  { header: text.passed, className: "numeric", cell: (standing) => <Passed standing={standing} /> },
  { header: text.interval, cell: (standing) => <Interval standing={standing} /> },
  {
    header: text.checks,
    className: "numeric",
    cell: ({ checks }) =>
      Object.entries(checks).map(([check, mean]) => <div key={check}>{`${check} ${mean.toFixed(2)}`}</div>),
  },
  { header: text.agreement, className: "numeric", cell: ({ agreement }) => percentText(agreement) },
  { header: text.noAnswer, className: "numeric", cell: ({ failures }) => countText(failures) },
  { header: text.leftOut, className: "numeric", cell: ({ leftOut }) => countText(leftOut) },
  { header: text.tokens, className: "numeric", cell: ({ tokens }) => countText(tokens) },
  { header: text.cost, className: "numeric", cell: ({ cost }) => dollarsText(String(cost)) },
  {
    header: text.latency,
    className: "numeric",
    cell: ({ p50, p95 }) => `${millisecondsText(p50)} / ${millisecondsText(p95)}`,
  },
];

export function Standings({ standings }: { readonly standings: readonly Standing[] }) {
  return (
    <Part title={text.standings} hint={text.standingsHint} testId="standings">
      <Listing
        label={text.standings}
        columns={COLUMNS}
        rows={standings}
        keyOf={({ sheet }) => nameOf(sheet)}
        width={1100}
      />
    </Part>
  );
}

function Passed({ standing: { share, cases, repeats } }: { readonly standing: Standing }) {
  return (
    <>
      {percentText(share)}
      <Text size="xs" c="dimmed">
        {text.ofCases(countText(cases), countText(repeats))}
      </Text>
    </>
  );
}

function Interval({ standing: { sheet, share, low, high } }: { readonly standing: Standing }) {
  const at = (value: number) => `${100 * value}%`;
  return (
    <svg
      className={classes.plot}
      role="img"
      aria-label={text.plot(nameOf(sheet), percentText(low), percentText(high))}
    >
      <line className={classes.axis} x1="0" x2="100%" y1="50%" y2="50%" />
      <line className={classes.interval} x1={at(low)} x2={at(high)} y1="50%" y2="50%" />
      <circle className={classes.share} cx={at(share)} cy="50%" r="4" />
    </svg>
  );
}
