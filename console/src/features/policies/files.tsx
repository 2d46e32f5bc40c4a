/** The files of a set, one in the editor at a time, and what is wrong with them. */
import {
  ActionIcon,
  Alert,
  Badge,
  Button,
  Group,
  Stack,
  Tabs,
  Text,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { IconCheck, IconPlus, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useDeferredValue, useMemo, useState } from "react";
import { useAddress } from "@/kit/address";
import { FormDialog } from "@/kit/form-dialog";
import { Failure, Loading } from "@/kit/states";
import { policies } from "@/strings/policies";
import { type Files, type Problem, storedProblems, typedProblems } from "./faults";
import { useChecked } from "./queries";
import type { Draft } from "./use-draft";

const Editor = lazy(() => import("./editor"));
const text = policies.version;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.(cedar|tests\.yaml|tests\.yml|tests\.json)$/;

interface FilesTabProps {
  readonly number: number | undefined;
  readonly draft: Draft;
  readonly canEdit: boolean;
}

export function FilesTab({ number, draft, canEdit }: FilesTabProps) {
  const { files, isChanged } = draft;
  const { get, set } = useAddress();
  const names = Object.keys(files).sort();
  const chosen = names.find((name) => name === get("file")) ?? names[0] ?? "";
  const checked = useChecked(number, false);
  const settled = useDeferredValue(files);
  const problems = useMemo(
    () =>
      isChanged || !checked.data
        ? typedProblems(settled)
        : storedProblems(settled, checked.data.faults ?? []),
    [isChanged, checked.data, settled],
  );
  const own = useMemo(() => problems.filter(({ file }) => file === chosen), [problems, chosen]);
  const [goTo, setGoTo] = useState<Problem>();
  const isCurrent = number !== undefined && !isChanged;
  return (
    <Stack gap="sm">
      <FileTabs
        names={names}
        chosen={chosen}
        files={files}
        onChoose={(name) => set({ file: name })}
        draft={canEdit ? draft : undefined}
      />
      <Suspense fallback={<Loading />}>
        {chosen !== "" && (
          <Editor
            key={chosen}
            value={files[chosen] ?? ""}
            label={text.editorLabel(chosen)}
            isCedar={chosen.endsWith(".cedar")}
            onChange={canEdit ? (typed) => draft.write(chosen, typed) : undefined}
            problems={own}
            goTo={goTo?.file === chosen ? goTo : undefined}
          />
        )}
      </Suspense>
      {checked.error && <Failure error={checked.error} retry={() => void checked.refetch()} />}
      <Problems
        problems={problems}
        isPending={isCurrent && checked.isPending}
        isFull={isCurrent}
        onGo={(problem) => {
          if (problem.file !== undefined) set({ file: problem.file });
          setGoTo({ ...problem });
        }}
      />
      {isCurrent &&
        checked.data?.notes?.map((note) => (
          <Alert key={note} color="amber" p="xs">
            {note}
          </Alert>
        ))}
    </Stack>
  );
}

interface FileTabsProps {
  readonly names: readonly string[];
  readonly chosen: string;
  readonly files: Files;
  readonly onChoose: (name: string) => void;
  /** Undefined: nothing can be changed. */
  readonly draft: Draft | undefined;
}

function FileTabs({ names, chosen, files, onChoose, draft }: FileTabsProps) {
  const [isAdding, setAdding] = useState(false);
  return (
    <Group justify="space-between" gap="xs">
      <Tabs value={chosen} onChange={(name) => name !== null && onChoose(name)} variant="pills">
        <Tabs.List aria-label={text.file}>
          {names.map((name) => (
            <Tabs.Tab key={name} value={name} size="xs">
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {names.map((name) => (
          <Tabs.Panel key={name} value={name}>
            {null}
          </Tabs.Panel>
        ))}
      </Tabs>
      {draft && (
        <Group gap="xs">
          {draft.isChanged && (
            <Badge variant="light" color="amber" data-testid="draft-changed">
              {text.changed}
            </Badge>
          )}
          <Button
            variant="default"
            size="compact-sm"
            leftSection={<IconPlus size={14} />}
            onClick={() => setAdding(true)}
          >
            {text.addFile}
          </Button>
          {names.length > 1 && (
            <Tooltip label={text.removeFile(chosen)}>
              <ActionIcon
                variant="default"
                aria-label={text.removeFile(chosen)}
                onClick={() => draft.remove(chosen)}
              >
                <IconTrash size={14} />
              </ActionIcon>
            </Tooltip>
          )}
        </Group>
      )}
      {isAdding && draft && (
        <NewFile
          files={files}
          onClose={() => setAdding(false)}
          onAdd={(name) => {
            draft.add(name);
            onChoose(name);
            setAdding(false);
          }}
        />
      )}
    </Group>
  );
}

interface NewFileProps {
  readonly files: Files;
  readonly onAdd: (name: string) => void;
  readonly onClose: () => void;
}

function NewFile({ files, onAdd, onClose }: NewFileProps) {
  const [name, setName] = useState("");
  const wrong = name in files ? text.nameTaken : NAME.test(name) ? undefined : text.wrongName;
  return (
    <FormDialog
      title={text.addFile}
      action={text.addFile}
      disabled={wrong !== undefined}
      onSubmit={() => onAdd(name)}
      onClose={onClose}
    >
      <TextInput
        label={text.fileName}
        description={text.fileNameHint}
        value={name}
        onChange={(event) => setName(event.currentTarget.value.trim())}
        error={name === "" ? undefined : wrong}
        data-autofocus
      />
    </FormDialog>
  );
}

interface ProblemsProps {
  readonly problems: readonly Problem[];
  readonly isPending: boolean;
  /** Whether the server has said all, and not the syntax alone. */
  readonly isFull: boolean;
  readonly onGo: (problem: Problem) => void;
}

function Problems({ problems, isPending, isFull, onGo }: ProblemsProps) {
  if (isPending) return <Loading />;
  return (
    <Stack gap={4} align="flex-start" data-testid="policy-problems">
      <Text size="sm" fw={600} role="status">
        {problems.length === 0 && isFull ? text.noProblems : text.problems(problems.length)}{" "}
        {problems.length === 0 && isFull && <IconCheck size={14} aria-hidden />}
      </Text>
      {!isFull && (
        <Text size="xs" c="dimmed">
          {text.syntaxOnly}
        </Text>
      )}
      {problems.map((problem) => (
        <Button
          key={`${problem.file}:${problem.from}:${problem.message}`}
          variant="light"
          color="red"
          size="compact-sm"
          h="auto"
          py={4}
          styles={{
            label: {
              whiteSpace: "normal",
              textAlign: "start",
              overflowWrap: "anywhere",
              overflow: "visible",
            },
          }}
          onClick={() => onGo(problem)}
          data-testid="policy-problem"
        >
          {`${problem.file === undefined ? text.ofAll : text.at(problem.file, problem.line)}: ${problem.message}`}
        </Button>
      ))}
    </Stack>
  );
}
