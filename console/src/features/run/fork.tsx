/** Makes a fork of a run: from which step, and with what input. It leads to the new run. */
import { Alert, Button, Group, Modal, Select, Stack, Text, Textarea } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { $api, idempotencyKey, type Schema } from "@/api/client";
import { Failure } from "@/kit/states";
import { common } from "@/strings/common";
import { run as text } from "@/strings/run";
import { forkBody, isText, readInput, writtenOf } from "./fork-input";
import type { RunView } from "./journal";

const words = text.actions;
/** Steps that are offered at once; the others are found by typing. */
const OFFERED = 100;

interface ForkProps {
  readonly run: Schema<"Run">;
  readonly view: RunView;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function Fork({ run, view, isOpen, onClose }: ForkProps) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={words.forkTitle} size="lg">
      <ForkForm run={run} view={view} onClose={onClose} />
    </Modal>
  );
}

function ForkForm({ run, view, onClose }: Omit<ForkProps, "isOpen">) {
  const navigate = useNavigate();
  const [at, setAt] = useState<string | null>(null);
  const [written, setWritten] = useState<string>();
  const workflow = $api.useQuery("get", "/api/v1/workflows/{name}", {
    params: { path: { name: run.workflow } },
  });
  const schema = workflow.data?.input_schema;
  const shown = written ?? writtenOf(run.input, schema);
  const { value, faults } = useMemo(() => readInput(shown, schema), [shown, schema]);
  const body = JSON.stringify(forkBody(at, value, run.input));
  // biome-ignore lint/correctness/useExhaustiveDependencies: another fork is another intention
  const key = useMemo(() => idempotencyKey(), [body]);
  const fork = $api.useMutation("post", "/api/v1/runs/{run_id}/fork", {
    onSuccess: ({ id }) => {
      onClose();
      void navigate({ to: "/runs/$runId", params: { runId: id } });
    },
  });
  const send = () =>
    fork.mutate({
      params: { path: { run_id: run.id }, header: { "idempotency-key": key } },
      body: JSON.parse(body) as Schema<"ForkRequest">,
    });
  const steps = [...view.steps.keys()];
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (faults.length === 0) send();
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{words.forkText}</Text>
        <Select
          label={words.forkAt}
          placeholder={words.beginning}
          data={steps}
          value={at}
          onChange={setAt}
          searchable
          clearable
          limit={OFFERED}
          clearButtonProps={{ "aria-label": words.beginning }}
          data-testid="fork-step"
        />
        <Textarea
          label={words.input}
          description={isText(schema) ? undefined : words.inputHint}
          classNames={{ input: "mono" }}
          rows={10}
          value={shown}
          onChange={(event) => setWritten(event.currentTarget.value)}
          error={faults.length > 0 ? faults.join(" ") : undefined}
          data-testid="fork-input"
        />
        {workflow.error && <Alert color="amber">{workflow.error.detail}</Alert>}
        {fork.error && <Failure error={fork.error} title={words.failed} retry={send} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button
            type="submit"
            loading={fork.isPending}
            disabled={faults.length > 0}
            data-testid="fork-submit"
          >
            {words.submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
