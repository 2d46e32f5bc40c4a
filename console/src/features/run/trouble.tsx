/** What is wrong with a run, and what to do about it. */
import { Alert, List, Stack, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { run as text } from "@/strings/run";
import style from "./run.module.css";

/** How a run failed, as far as it says so. */
interface Failed {
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string | null;
  readonly retryable?: boolean;
  readonly step?: string;
  readonly steps?: readonly string[];
}

export function Trouble({ run }: { readonly run: Schema<"Run"> }) {
  if (run.error !== null) return <RunFailed error={run.error as Failed} />;
  if (!run.stranded) return null;
  return (
    <Alert color="amber" title={text.stranded} role="status" data-testid="run-stranded">
      {run.status_detail.message}
    </Alert>
  );
}

function RunFailed({ error }: { readonly error: Failed }) {
  const steps = error.steps?.length ? error.steps : [error.step].filter(Boolean);
  return (
    <Alert color="red" title={text.errorTitle(error.code ?? "")} role="alert" data-testid="run-error">
      <Stack gap={6}>
        <Text size="sm" className={style.said}>
          {error.message}
        </Text>
        {error.hint && (
          <Text size="sm" fw={500} className={style.said}>
            {error.hint}
          </Text>
        )}
        <List size="sm" listStyleType="none">
          {steps.map((step) => (
            <List.Item key={step} className={style.said}>
              {text.errorStep(step ?? "")}
            </List.Item>
          ))}
        </List>
        <Text size="sm">{error.retryable ? text.errorRetryable : text.errorFinal}</Text>
      </Stack>
    </Alert>
  );
}
