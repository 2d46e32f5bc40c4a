/** A screen that could not be shown, within the frame: what went wrong, and what to do about it. */
import { Button, Stack, Text, Title } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Failure } from "@/kit/states";
import { shell as text } from "@/strings/shell";

/** What browsers say of a part of the code that is not there: after an update of the server, as a rule. */
const NOT_FETCHED = /dynamically imported module|Importing a module script failed|Unable to preload/i;

export function Broken({ error, reset }: ErrorComponentProps) {
  if (!(error instanceof Error && NOT_FETCHED.test(error.message)))
    return <Failure error={error} retry={reset} />;
  return (
    <Stack align="center" gap="xs" py="xl" role="alert" data-testid="error-message">
      <Title order={1} size="h3">
        {text.outdated}
      </Title>
      <Text c="dimmed" ta="center">
        {text.outdatedHint}
      </Text>
      <Button onClick={() => location.reload()} data-testid="retry-button">
        {text.reload}
      </Button>
    </Stack>
  );
}
