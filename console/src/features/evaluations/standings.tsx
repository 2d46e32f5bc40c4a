/** How each version did, with the interval in which the share that passes lies. */
import { Table, Text } from "@mantine/core";
import { countText, dollarsText, millisecondsText, percentText } from "@/kit/figures";
import { Part } from "@/kit/part";
import { Wide } from "@/kit/wide";
import { evaluations as text } from "@/strings/evaluations";
import { nameOf, type Standing } from "./results";
import classes from "./standings.module.css";

const HEADS = [
  text.version,
  text.model,
  text.passed,
  text.interval,
  text.checks,
  text.agreement,
  text.noAnswer,
  text.leftOut,
  text.tokens,
  text.cost,
  text.latency,
];

export function Standings({ standings }: { readonly standings: readonly Standing[] }) {
  return (
    <Part title={text.standings} hint={text.standingsHint} testId="standings">
      <Wide label={text.standings} width={1100}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              {HEADS.map((head) => (
                <Table.Th key={head}>{head}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {standings.map((standing) => (
              <Row key={nameOf(standing.sheet)} standing={standing} />
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </Part>
  );
}

function Row({ standing }: { readonly standing: Standing }) {
  const { sheet, share, cases, repeats, checks } = standing;
  const numbers = [
    percentText(standing.agreement),
    countText(standing.failures),
    countText(standing.leftOut),
    countText(standing.tokens),
    dollarsText(String(standing.cost)),
    `${millisecondsText(standing.p50)} / ${millisecondsText(standing.p95)}`,
  ];
  return (
    <Table.Tr>
      <Table.Th scope="row">{sheet.version}</Table.Th>
      <Table.Td>{sheet.model}</Table.Td>
      <Table.Td className="numeric">
        {percentText(share)}
        <Text size="xs" c="dimmed">
          {text.ofCases(countText(cases), countText(repeats))}
        </Text>
      </Table.Td>
      <Table.Td>
        <Interval standing={standing} />
      </Table.Td>
      <Table.Td className="numeric">
        {Object.entries(checks).map(([check, mean]) => (
          <div key={check}>{`${check} ${mean.toFixed(2)}`}</div>
        ))}
      </Table.Td>
      {numbers.map((number, index) => (
        <Table.Td key={HEADS[index + 5]} className="numeric">
          {number}
        </Table.Td>
      ))}
    </Table.Tr>
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
