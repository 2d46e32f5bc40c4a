/** How far a run has come. Its place is kept also while nothing is known. */
import { Box, Group, Progress, Text } from "@mantine/core";
import { run as text } from "@/strings/run";
import type { Status, Progress as Told } from "./journal";

interface RunProgressProps {
  readonly progress: Told | null;
  readonly status: Status;
}

const COLOURS: Partial<Record<Status, string>> = { completed: "green", failed: "red", cancelled: "gray" };

/** Whole per cent from 0 to 100. */
export function percentOf(progress: Told | null, status: Status): number {
  if (status === "completed") return 100;
  if (progress === null) return 0;
  return Math.min(100, Math.round(((progress.done ?? 0) / (progress.total ?? 1)) * 100));
}

export function RunProgress({ progress, status }: RunProgressProps) {
  const percent = percentOf(progress, status);
  const message = progress?.message ?? "";
  return (
    <Box
      role="progressbar"
      aria-label={text.progress}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={`${percent}% ${message}`.trim()}
      data-testid="workflow-progress"
    >
      <Group justify="space-between" gap="xs" mih={24} wrap="nowrap">
        <Text size="sm" truncate>
          {message}
        </Text>
        <Text size="sm" c="dimmed" className="numeric">
          {`${percent}%`}
        </Text>
      </Group>
      <Progress.Root>
        <Progress.Section
          value={percent}
          color={COLOURS[status] ?? "pilot"}
          withAria={false}
          striped={status === "running"}
        />
      </Progress.Root>
    </Box>
  );
}
