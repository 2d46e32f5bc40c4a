/** When a schedule that is being written would fire next; its place is kept, whatever is known. */
import { Box, List, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { $api, type Schema } from "@/api/client";
import { ApiError } from "@/api/problem";
import { schedules } from "@/strings/schedules";
import { type Draft, previewOf } from "./form";
import { isOwnZone, NextFire } from "./shown";

const text = schedules.form.preview;
/** Stands where nothing is asked. */
const NONE: Schema<"RhythmWanted"> = { time_zone: "UTC", fires: 1 };
/** Milliseconds after the last stroke of a key after which the server is asked. */
const QUIET = 300;
/** Pixels that five times take, each by one clock or by two. */
const HEIGHT = { one: 155, two: 245 };

export function Preview({ draft }: { readonly draft: Draft }) {
  const [wanted] = useDebouncedValue(previewOf(draft), QUIET, { leading: true });
  const query = $api.useQuery(
    "post",
    "/api/v1/schedules/preview",
    { body: wanted ?? NONE },
    { enabled: wanted !== undefined, placeholderData: keepPreviousData },
  );
  return (
    <Box
      component="section"
      aria-label={text.title}
      mih={isOwnZone(draft.zone) ? HEIGHT.one : HEIGHT.two}
      data-testid="schedule-preview"
    >
      <Text size="sm" fw={500}>
        {text.title}
      </Text>
      {wanted === undefined && <Said>{text.incomplete}</Said>}
      {wanted && query.error && <Said>{whyNot(query.error)}</Said>}
      {wanted && query.data && !query.error && <Times {...query.data} zone={draft.zone} />}
    </Box>
  );
}

interface TimesProps {
  readonly rhythm: string;
  readonly fires: readonly string[];
  readonly zone: string;
}

function Times({ rhythm, fires, zone }: TimesProps) {
  return (
    <>
      <Said>{rhythm}</Said>
      {fires.length === 0 && <Said>{text.never}</Said>}
      <List type="ordered" size="sm" mt={4}>
        {fires.map((at) => (
          <List.Item key={at}>
            <NextFire at={at} zone={zone} />
          </List.Item>
        ))}
      </List>
    </>
  );
}

function Said({ children }: { readonly children: string }) {
  return (
    <Text size="sm" c="dimmed" role="status">
      {children}
    </Text>
  );
}

/** What is wrong with the rhythm, as the server says; else that it could not be asked. */
function whyNot(error: unknown): string {
  if (error instanceof ApiError) return error.problem.errors[0]?.detail ?? error.message;
  return text.unknown;
}
