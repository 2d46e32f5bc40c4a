/** Says how many runs are meant, does it, and tells how far it is and what was refused. */
import { Alert, Button, Code, Group, List, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Failure, Loading } from "@/kit/states";
import { common } from "@/strings/common";
import { runs as text } from "@/strings/runs";
import { type Action, count, type Progress, perform, type Target } from "./bulk";

/** Refusals that are written out. */
const SHOWN = 20;

interface BulkDialogProps {
  readonly action: Action;
  readonly target: Target;
  readonly close: () => void;
  readonly done: () => void;
}

export function BulkDialog({ action, target, close, done }: BulkDialogProps) {
  const [progress, setProgress] = useState<Progress>();
  const isStopped = useRef(false);
  const work = useMutation({
    mutationFn: () => {
      isStopped.current = false;
      return perform(action, target, (now) => {
        setProgress(now);
        return !isStopped.current;
      });
    },
    onSettled: done,
  });
  const leave = () => {
    isStopped.current = true;
    close();
  };
  return (
    <Modal opened onClose={leave} title={text.confirmTitle[action]}>
      <Stack gap="sm" data-testid="bulk-dialog">
        {progress === undefined && !work.isPending ? (
          <Confirming action={action} target={target} keep={close} go={() => work.mutate()} />
        ) : (
          <Group justify="space-between">
            <Text size="sm" role="status" data-testid="bulk-progress">
              {text.progress(progress?.done ?? 0, progress?.refused.length ?? 0)}
            </Text>
            {work.isPending ? (
              <Button variant="default" size="xs" onClick={() => (isStopped.current = true)}>
                {text.stop}
              </Button>
            ) : (
              <Button size="xs" onClick={close} data-testid="bulk-close">
                {common.close}
              </Button>
            )}
          </Group>
        )}
        {progress && progress.refused.length > 0 && <Refused progress={progress} />}
        {work.error && <Failure error={work.error} retry={() => work.mutate()} />}
      </Stack>
    </Modal>
  );
}

interface ConfirmingProps {
  readonly action: Action;
  readonly target: Target;
  readonly keep: () => void;
  readonly go: () => void;
}

function Confirming({ action, target, keep, go }: ConfirmingProps) {
  const counted = useQuery({
    queryKey: ["runs", "meant", action, target],
    queryFn: () => count(action, target),
    gcTime: 0,
    staleTime: 0,
  });
  if (counted.error) return <Failure error={counted.error} retry={() => void counted.refetch()} />;
  if (counted.data === undefined || counted.isFetching) return <Loading />;
  const { runs, more } = counted.data;
  const isEvery = target.kind === "matching" && Object.keys(target.filter).length === 0;
  if (runs === 0) {
    return (
      <Group justify="space-between">
        <Text size="sm">{text.nothingToDo[action]}</Text>
        <Button size="xs" variant="default" onClick={keep}>
          {common.close}
        </Button>
      </Group>
    );
  }
  return (
    <>
      <Text size="sm" data-testid="bulk-count">
        {text.confirm[action](text.countOf(runs, more))}
      </Text>
      {isEvery && <Alert color="amber">{text.confirmEvery}</Alert>}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={keep} data-autofocus>
          {text.keep}
        </Button>
        <Button color={action === "cancel" ? "red" : "pilot"} onClick={go} data-testid="bulk-confirm">
          {text.confirmDo[action]}
        </Button>
      </Group>
    </>
  );
}

function Refused({ progress }: { readonly progress: Progress }) {
  return (
    <Alert color="amber" title={text.refusedTitle}>
      <List size="sm" spacing={4}>
        {progress.refused.slice(0, SHOWN).map(({ id, reason }) => (
          <List.Item key={id}>
            <Code>{id}</Code> {reason}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
