/** The answers that did not pass, and why. */
import { Button, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { Part } from "@/kit/part";
import { Wide } from "@/kit/wide";
import { common } from "@/strings/common";
import { evaluations as text } from "@/strings/evaluations";
import { askedOf, nameOf, PASSES, type Results, type Sheet, type Trial } from "./results";

const STEP = 20;
const HEADS = [text.case, text.version, text.answered, text.why];

export function Failing({ results }: { readonly results: Results }) {
  const [shown, setShown] = useState(STEP);
  const failing = results.sheets.flatMap((sheet) =>
    askedOf(sheet)
      .filter(({ passed }) => !passed)
      .map((trial) => ({ sheet, trial })),
  );
  return (
    <Part title={text.failing} testId="failing">
      {failing.length === 0 ? (
        <Text>{text.noneFails}</Text>
      ) : (
        <Stack>
          <Wide label={text.failing} width={760}>
            <Table striped>
              <Table.Thead>
                <Table.Tr>
                  {HEADS.map((head) => (
                    <Table.Th key={head}>{head}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {failing.slice(0, shown).map(({ sheet, trial }, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: repeats of a case have no other name
                  <Row key={index} sheet={sheet} trial={trial} />
                ))}
              </Table.Tbody>
            </Table>
          </Wide>
          {failing.length > shown && (
            <Button variant="default" onClick={() => setShown(shown + STEP)}>
              {common.more}
            </Button>
          )}
        </Stack>
      )}
    </Part>
  );
}

function Row({ sheet, trial }: { readonly sheet: Sheet; readonly trial: Trial }) {
  const told = typeof trial.output === "string" ? trial.output : JSON.stringify(trial.output);
  const wrong = trial.marks.filter(({ value }) => value < PASSES);
  return (
    <Table.Tr>
      <Table.Td>{trial.case}</Table.Td>
      <Table.Td>{nameOf(sheet)}</Table.Td>
      <Table.Td>
        <Text size="sm" lineClamp={4}>
          {told}
        </Text>
      </Table.Td>
      <Table.Td>
        {trial.failure}
        {wrong.map(({ check, value, why }) => (
          <div key={check}>{text.notPassed(check, value.toFixed(2), why)}</div>
        ))}
      </Table.Td>
    </Table.Tr>
  );
}
