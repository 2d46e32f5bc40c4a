/** How each version differs from the same one of results before. */
import { Text } from "@mantine/core";
import { countText } from "@/kit/figures";
import { Part } from "@/kit/part";
import { evaluations as text } from "@/strings/evaluations";
import { Differences } from "./differences";
import { changesBetween, type Results, sameCases } from "./results";

interface ComparedProps {
  readonly before: Results;
  readonly after: Results;
}

export function Compared({ before, after }: ComparedProps) {
  const same = sameCases(before, after);
  const changes = changesBetween(before, after);
  const of = countText(Object.keys(after.cases).length);
  return (
    <Part title={text.compared} hint={text.commonCases(countText(same.size), of)} testId="compared">
      {same.size === 0 || changes.length === 0 ? (
        <Text>{same.size === 0 ? text.noCommonCases : text.noCommonVersions}</Text>
      ) : (
        <Differences label={text.compared} differences={changes} />
      )}
    </Part>
  );
}
