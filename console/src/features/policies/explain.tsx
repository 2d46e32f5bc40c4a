/** Asks which policies would apply to an action, and why. Nothing is done. */
import {
  Autocomplete,
  Button,
  Checkbox,
  Grid,
  Group,
  JsonInput,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { $api } from "@/api/client";
import { PAGES } from "@/kit/listing";
import { Failure } from "@/kit/states";
import { policies } from "@/strings/policies";
import { ExplanationView } from "./explanation";
import { BLANK, MARKS, questionOf, REFUND, type Typed, toolsOf, type Wrong } from "./question";

const text = policies.explain;

export function ExplainTab() {
  const [typed, setTyped] = useState(BLANK);
  const [isSent, setSent] = useState(false);
  const { mutate, data, error, isPending } = $api.useMutation("post", "/api/v1/policies/explain");
  const { wrong, question } = questionOf(typed);
  const send = () => question && mutate({ body: question });
  function submit(event: FormEvent) {
    event.preventDefault();
    setSent(true);
    send();
  }
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        {text.hint}
      </Text>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Fields typed={typed} onChange={setTyped} wrong={isSent ? wrong : {}} />
          <Group gap="xs">
            <Button type="submit" size="xs" loading={isPending} disabled={typed.tool.trim() === ""}>
              {text.ask}
            </Button>
            <Button variant="default" size="xs" onClick={() => setTyped(REFUND)}>
              {text.example}
            </Button>
          </Group>
        </Stack>
      </form>
      {error && <Failure error={error} retry={send} />}
      {data && <ExplanationView found={data} />}
    </Stack>
  );
}

interface FieldsProps {
  readonly typed: Typed;
  readonly wrong: Wrong;
  readonly onChange: (typed: Typed) => void;
}

function Fields({ typed, wrong, onChange }: FieldsProps) {
  const schema = $api.useQuery("get", "/api/v1/policies/schema", {}, { staleTime: 60_000 });
  const versions = $api.useInfiniteQuery(
    "get",
    "/api/v1/policies",
    { params: { query: { limit: 50 } } },
    PAGES,
  );
  const numbers = (versions.data?.pages ?? []).flatMap((page) =>
    page.items.map(({ number }) => String(number)),
  );
  const put = (name: keyof Typed) => (value: string) => onChange({ ...typed, [name]: value });
  const field = (name: "principal" | "workflow" | "amount" | "currency" | "confidence", span: number) => (
    <Grid.Col span={{ base: 6, sm: span }}>
      <TextInput
        label={text[name]}
        value={typed[name]}
        onChange={(event) => put(name)(event.currentTarget.value)}
        error={wrong[name]}
        size="xs"
      />
    </Grid.Col>
  );
  const json = (name: "arguments" | "facts", description?: string) => (
    <Grid.Col span={{ base: 12, md: 6 }}>
      <JsonInput
        label={text[name]}
        description={description}
        value={typed[name]}
        onChange={put(name)}
        error={wrong[name]}
        validationError={text.noJson}
        autosize
        minRows={4}
        maxRows={16}
        size="xs"
        classNames={{ input: "mono" }}
      />
    </Grid.Col>
  );
  return (
    <Grid gap="sm">
      <Grid.Col span={{ base: 12, sm: 4 }}>
        <Autocomplete
          label={text.tool}
          data={toolsOf(schema.data?.cedar ?? "")}
          value={typed.tool}
          onChange={put("tool")}
          size="xs"
          required
        />
      </Grid.Col>
      {field("principal", 4)}
      {field("workflow", 4)}
      {json("arguments")}
      {json("facts", text.factsHint)}
      {field("amount", 2)}
      {field("currency", 2)}
      {field("confidence", 3)}
      <Grid.Col span={{ base: 6, sm: 2 }}>
        <Select
          label={text.number}
          data={[
            { value: "", label: text.activeVersion },
            ...numbers.map((number) => ({ value: number, label: policies.state.version(Number(number)) })),
          ]}
          value={typed.number}
          onChange={(number) => put("number")(number ?? "")}
          allowDeselect={false}
          size="xs"
        />
      </Grid.Col>
      <Grid.Col span={{ base: 12, sm: 3 }}>
        <Checkbox.Group
          label={text.marks}
          value={[...typed.marks]}
          onChange={(marks) => onChange({ ...typed, marks })}
          size="xs"
        >
          <Group gap="xs">
            {MARKS.map((mark) => (
              <Checkbox key={mark} value={mark} label={text.markNames[mark]} size="xs" />
            ))}
          </Group>
        </Checkbox.Group>
      </Grid.Col>
    </Grid>
  );
}
