/** Which of two versions passes cases that the other does not, and how likely that is by chance. */
import { Badge } from "@mantine/core";
import { countText } from "@/kit/figures";
import { type Column, Listing } from "@/kit/listing";
import { evaluations as text } from "@/strings/evaluations";
import type { Difference } from "./results";

const COLOURS: Record<Difference["verdict"], string> = { better: "green", worse: "red", same: "gray" };

interface DifferencesProps {
  readonly label: string;
  readonly differences: readonly Difference[];
}

const COLUMNS: readonly Column<Difference>[] = [
  { header: text.version, isName: true, cell: ({ version }) => version },
  { header: text.against, cell: ({ against }) => against },
  {
    header: text.verdict,
    cell: ({ verdict }) => (
      <Badge variant="light" color={COLOURS[verdict]}>
        {text.verdicts[verdict]}
      </Badge>
    ),
  },
  { header: text.onlyThis, className: "numeric", cell: ({ onlyThis }) => countText(onlyThis) },
  { header: text.onlyOther, className: "numeric", cell: ({ onlyOther }) => countText(onlyOther) },
  { header: text.cases, className: "numeric", cell: ({ cases }) => countText(cases) },
  {
    header: text.chance,
    className: "numeric",
    cell: ({ chance }) => (chance < 0.001 ? text.tiny : chance.toFixed(3)),
  },
];

export function Differences({ label, differences }: DifferencesProps) {
  return (
    <Listing
      label={label}
      columns={COLUMNS}
      rows={differences}
      keyOf={({ version, against }) => `${version} ${against}`}
      width={760}
    />
  );
}
