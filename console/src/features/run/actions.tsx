/** What may be done with a run, by those who may: cancel it, try it again, fork it. */
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconGitFork, IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { $api, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { Failure } from "@/kit/states";
import { run as text } from "@/strings/run";
import { Fork } from "./fork";
import type { RunView, Status } from "./journal";
import { isFinal, recordKey } from "./use-run";

const words = text.actions;

interface RunActionsProps {
  readonly run: Schema<"Run">;
  readonly view: RunView;
  readonly status: Status;
}

export function RunActions({ run, view, status }: RunActionsProps) {
  const can = useCan();
  const [isForking, forking] = useDisclosure();
  if (!can("runs:operate")) return null;
  return (
    <Group gap="xs">
      {status === "failed" && <Retry runId={run.id} />}
      {!isFinal(status) && <Cancel run={run} />}
      <Button
        variant="default"
        size="xs"
        leftSection={<IconGitFork size={15} />}
        onClick={forking.open}
        data-testid="fork-run"
      >
        {words.fork}
      </Button>
      <Fork run={run} view={view} isOpen={isForking} onClose={forking.close} />
    </Group>
  );
}

/** A change of a run, after which its record is what the server answered. */
function useChange(path: "/api/v1/runs/{run_id}/cancel" | "/api/v1/runs/{run_id}/retry", runId: string) {
  const queries = useQueryClient();
  const change = $api.useMutation("post", path, {
    onSuccess: (run) => queries.setQueryData(recordKey(runId), run),
  });
  return { ...change, send: () => change.mutate({ params: { path: { run_id: runId } } }) };
}

function Retry({ runId }: { readonly runId: string }) {
  const retry = useChange("/api/v1/runs/{run_id}/retry", runId);
  return (
    <Stack gap={4}>
      <Button
        size="xs"
        leftSection={<IconRefresh size={15} />}
        title={words.retryHint}
        loading={retry.isPending}
        onClick={retry.send}
        data-testid="retry-run"
      >
        {words.retry}
      </Button>
      {retry.error && <Failure error={retry.error} title={words.failed} retry={retry.send} />}
    </Stack>
  );
}

function Cancel({ run }: { readonly run: Schema<"Run"> }) {
  const [isAsked, asking] = useDisclosure();
  const cancel = useChange("/api/v1/runs/{run_id}/cancel", run.id);
  return (
    <>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconPlayerStop size={15} />}
        disabled={run.cancel_requested}
        onClick={asking.open}
        data-testid="cancel-run"
      >
        {run.cancel_requested ? words.cancelling : words.cancel}
      </Button>
      <Modal opened={isAsked && !run.cancel_requested} onClose={asking.close} title={words.cancelTitle}>
        <Stack gap="sm">
          <Text size="sm">{words.cancelText}</Text>
          {cancel.error && <Failure error={cancel.error} title={words.failed} retry={cancel.send} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={asking.close}>
              {words.keep}
            </Button>
            <Button color="red" loading={cancel.isPending} onClick={cancel.send} data-testid="confirm-cancel">
              {words.cancel}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
