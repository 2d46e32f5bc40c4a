/** Which of two versions passes cases that the other does not, and how likely that is by chance. */
import { Badge, Table } from "@mantine/core";
import { countText } from "@/kit/figures";
import { Wide } from "@/kit/wide";
import { evaluations as text } from "@/strings/evaluations";
import type { Difference } from "./results";

const HEADS = [
  text.version,
  text.against,
  text.verdict,
  text.onlyThis,
  text.onlyOther,
  text.cases,
  text.chance,
];
const COLOURS: Record<Difference["verdict"], string> = { better: "green", worse: "red", same: "gray" };

interface DifferencesProps {
  readonly label: string;
  readonly differences: readonly Difference[];
}

export function Differences({ label, differences }: DifferencesProps) {
  return (
    <Wide label={label} width={760}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            {HEADS.map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {differences.map((one) => (
            <Table.Tr key={`${one.version} ${one.against}`}>
              <Table.Th scope="row">{one.version}</Table.Th>
              <Table.Td>{one.against}</Table.Td>
              <Table.Td>
                <Badge variant="light" color={COLOURS[one.verdict]}>
                  {text.verdicts[one.verdict]}
                </Badge>
              </Table.Td>
              <Table.Td className="numeric">{countText(one.onlyThis)}</Table.Td>
              <Table.Td className="numeric">{countText(one.onlyOther)}</Table.Td>
              <Table.Td className="numeric">{countText(one.cases)}</Table.Td>
              <Table.Td className="numeric">
                {one.chance < 0.001 ? text.tiny : one.chance.toFixed(3)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}
