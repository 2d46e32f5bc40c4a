/** A new version of a prompt: begun from another one, refused with what is wrong at its line. */
import { Button, Group, List, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { lazy, Suspense, useMemo, useState } from "react";
import { $api } from "@/api/client";
import { ApiError } from "@/api/problem";
import { useAddress } from "@/kit/address";
import { useRefresh } from "@/kit/refresh";
import { Failure, Loaded, Loading } from "@/kit/states";
import { prompts as text } from "@/strings/prompts";
import { faultsOf } from "./faults";

const CodeEditor = lazy(() => import("@/kit/code-editor"));

interface NewVersionProps {
  readonly part: string;
  /** The version that it begins as; null or "" where there is none yet. */
  readonly from: string | null;
}

export function NewVersion({ part, from }: NewVersionProps) {
  return from ? (
    <Begun part={part} from={from} />
  ) : (
    <Form part={part} from="" begin={text.beginning} tests="" />
  );
}

function Begun({ part, from }: { readonly part: string; readonly from: string }) {
  const query = $api.useQuery(
    "get",
    "/api/v1/prompts/{name}/versions/{version}",
    { params: { path: { name: part, version: from } } },
    { refetchOnWindowFocus: false },
  );
  return (
    <Loaded query={query}>
      {(version) => <Form part={part} from={from} begin={version.text} tests={version.tests} />}
    </Loaded>
  );
}

interface FormProps {
  readonly part: string;
  readonly from: string;
  readonly begin: string;
  readonly tests: string;
}

function Form({ part, from, begin, tests: before }: FormProps) {
  const { set } = useAddress();
  const refresh = useRefresh("/api/v1/prompts");
  const [file, setFile] = useState(begin);
  const [tests, setTests] = useState(before);
  const [note, setNote] = useState("");
  const create = $api.useMutation("post", "/api/v1/prompts/{name}/versions");
  const detail = create.error instanceof ApiError ? create.error.problem.detail : "";
  const faults = useMemo(() => faultsOf(detail), [detail]);
  const send = () =>
    create.mutate(
      { params: { path: { name: part } }, body: { text: file, tests, note } },
      {
        onSuccess: (made) => {
          notifications.show({ message: text.created(String(made.number ?? made.id)) });
          void refresh();
          set({ tab: "versions", version: "" });
        },
      },
    );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Stack>
        <Text size="sm" c="dimmed">
          {`${text.createHint} ${from ? text.basedOn(from) : ""}`}
        </Text>
        <div>
          <Text size="sm" fw={600} mb={4}>
            {text.textField}
          </Text>
          <Suspense fallback={<Loading />}>
            <CodeEditor label={text.textField} value={file} onChange={setFile} problems={faults} />
          </Suspense>
        </div>
        {create.error && <Failure error={create.error} title={text.createFailed} retry={send} />}
        {faults.length > 1 && (
          <List size="sm">
            {faults.map(({ line, message }) => (
              <List.Item key={`${line}${message}`}>{`${text.faultAt(line)}: ${message}`}</List.Item>
            ))}
          </List>
        )}
        <Textarea
          label={text.testsField}
          rows={6}
          value={tests}
          onChange={(event) => setTests(event.currentTarget.value)}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        />
        <TextInput label={text.note} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        <Group>
          <Button type="submit" loading={create.isPending}>
            {text.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
