/** What a screen shows while there is nothing yet, nothing at all, or something wrong. */
import { Alert, Button, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ApiError, Unreachable } from "@/api/problem";
import { common as text } from "@/strings/common";

export function Loading() {
  return (
    <Group justify="center" py="xl" role="status" aria-label={text.loading}>
      <Loader size="sm" />
    </Group>
  );
}

interface NothingProps {
  readonly title: string;
  /** What to do, so that there is something. */
  readonly hint?: ReactNode;
  readonly action?: { readonly label: string; readonly to: string };
}

export function Nothing({ title, hint, action }: NothingProps) {
  return (
    <Stack align="center" gap={6} py="xl" data-testid="nothing">
      <Title order={2} size="h4" ta="center">
        {title}
      </Title>
      {hint && (
        <Text c="dimmed" ta="center" maw={480}>
          {hint}
        </Text>
      )}
      {action && (
        <Button component={Link} to={action.to} variant="light" mt="xs">
          {action.label}
        </Button>
      )}
    </Stack>
  );
}

interface FailureProps {
  readonly error: unknown;
  readonly retry?: (() => void) | undefined;
  readonly title?: string;
}

/** What went wrong, what to do about it, and a button that tries again. */
export function Failure({ error, retry, title }: FailureProps) {
  const { heading, detail, request } = toldOf(error);
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle size={18} />}
      title={title ?? heading}
      role="alert"
      data-testid="error-message"
      my="sm"
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{detail}</Text>
        {request && (
          <Text size="xs" c="dimmed" className="mono">
            {text.request(request)}
          </Text>
        )}
        {retry && (
          <Button size="xs" variant="default" onClick={retry} data-testid="retry-button">
            {text.retry}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

function toldOf(error: unknown): { heading: string; detail: string; request?: string } {
  if (error instanceof ApiError) {
    const { title, detail, errors, request_id } = error.problem;
    const faults = errors.map((fault) => `${fault.name}: ${fault.detail}`);
    return { heading: title, detail: [detail, ...faults].join("\n"), request: request_id };
  }
  if (error instanceof Unreachable) return { heading: text.unreachable, detail: text.unreachableHint };
  return { heading: text.failed, detail: error instanceof Error ? error.message : String(error) };
}

export interface LoadedProps<T> {
  readonly query: {
    readonly data: T | undefined;
    readonly error: unknown;
    readonly isPending: boolean;
    readonly refetch: () => unknown;
  };
  readonly children: (data: T) => ReactNode;
}

/** What a query found, or how it stands with it. What was loaded before stays while it is asked again. */
export function Loaded<T>({ query, children }: LoadedProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <Loading />;
}
