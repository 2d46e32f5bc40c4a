/** Results of evaluations, read in the browser from the files that `pilothouse eval` writes. */
import { Button, Code, FileButton, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Page } from "@/kit/page";
import { Part } from "@/kit/part";
import { Failure, Nothing } from "@/kit/states";
import { evaluations as text } from "@/strings/evaluations";
import { Compared } from "./compared";
import { Differences } from "./differences";
import { Failing } from "./failing";
import { differencesWithin, type Results, readResults, standingOf } from "./results";
import { Standings } from "./standings";

interface Opened {
  readonly name: string;
  readonly results: Results;
}

export default function EvaluationsScreen() {
  const now = useFile();
  const before = useFile();
  return (
    <Page
      title={text.title}
      summary={text.summary}
      actions={
        <>
          <OpenButton label={text.open} onFile={now.open} />
          {now.opened && <OpenButton label={text.openBefore} onFile={before.open} />}
        </>
      }
    >
      {[now, before].map(
        ({ fault }) => fault && <Failure key={fault.title} error={fault.error} title={fault.title} />,
      )}
      {now.opened ? (
        <Shown now={now.opened} before={before.opened} />
      ) : (
        <Nothing
          title={text.none}
          hint={
            <Stack gap="xs" component="span">
              <span>{text.noneHint}</span>
              <Code block component="span" ta="left">
                {text.command}
              </Code>
            </Stack>
          }
        />
      )}
    </Page>
  );
}

interface Fault {
  readonly title: string;
  readonly error: unknown;
}

/** A file that was opened, and what is wrong with one that could not be; what was open before stays. */
function useFile() {
  const [opened, setOpened] = useState<Opened>();
  const [fault, setFault] = useState<Fault>();
  const open = async (file: File | null) => {
    if (!file) return;
    try {
      setOpened({ name: file.name, results: readResults(await file.text()) });
      setFault(undefined);
    } catch (error) {
      setFault({ title: text.unreadable(file.name), error });
    }
  };
  return { opened, fault, open };
}

interface OpenButtonProps {
  readonly label: string;
  readonly onFile: (file: File | null) => void;
}

function OpenButton({ label, onFile }: OpenButtonProps) {
  return (
    <FileButton onChange={onFile} accept="application/json,.json" inputProps={{ "aria-label": label }}>
      {(props) => (
        <Button size="xs" {...props}>
          {label}
        </Button>
      )}
    </FileButton>
  );
}

interface ShownProps {
  readonly now: Opened;
  readonly before: Opened | undefined;
}

function Shown({ now, before }: ShownProps) {
  const { results, name } = now;
  return (
    <>
      <Group gap="md">
        <Text fw={600}>{text.file(name)}</Text>
        {before && <Text>{text.fileBefore(before.name)}</Text>}
      </Group>
      {!results.complete && <Text c="dimmed">{text.incomplete}</Text>}
      <Standings standings={results.sheets.map(standingOf)} />
      {before && <Compared before={before.results} after={results} />}
      <Part title={text.differences} hint={text.differencesHint}>
        {results.sheets.length > 1 ? (
          <Differences label={text.differences} differences={differencesWithin(results)} />
        ) : (
          <Text>{text.one}</Text>
        )}
      </Part>
      <Failing results={results} />
    </>
  );
}
