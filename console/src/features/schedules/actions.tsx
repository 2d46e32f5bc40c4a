/** What can be done to a schedule at once. */
import { Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, idempotencyKey, type Schema } from "@/api/client";
import { ActButton } from "@/kit/act-button";
import { FormDialog } from "@/kit/form-dialog";
import { RowActions } from "@/kit/listing";
import { useRefresh } from "@/kit/refresh";
import { schedules as text } from "@/strings/schedules";

type Acted = Pick<Schema<"ScheduleSummary">, "id" | "name" | "paused">;

export function ScheduleActions({ schedule }: { readonly schedule: Acted }) {
  const refresh = useRefresh("/api/v1/schedules");
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const params = { path: { schedule_id: schedule.id } };
  async function turn() {
    if (schedule.paused) await client.POST("/api/v1/schedules/{schedule_id}/resume", { params });
    else await client.POST("/api/v1/schedules/{schedule_id}/pause", { params });
    await refresh();
  }
  async function trigger() {
    const { data } = await client.POST("/api/v1/schedules/{schedule_id}/trigger", {
      params: { ...params, header: { "idempotency-key": idempotencyKey() } },
    });
    await refresh();
    if (data) void navigate({ to: "/runs/$runId", params: { runId: data.id } });
  }
  async function remove() {
    await client.DELETE("/api/v1/schedules/{schedule_id}", { params });
    await navigate({ to: "/schedules" });
    await refresh();
  }
  return (
    <RowActions>
      <ActButton label={text.trigger} about={schedule.name} onAct={trigger} />
      <ActButton label={schedule.paused ? text.resume : text.pause} about={schedule.name} onAct={turn} />
      <ActButton label={text.delete} about={schedule.name} color="red" onAct={() => setDeleting(true)} />
      {isDeleting && (
        <FormDialog
          title={text.deleteTitle(schedule.name)}
          action={text.delete}
          color="red"
          onSubmit={remove}
          onClose={() => setDeleting(false)}
        >
          <Text size="sm">{text.deleteWhat}</Text>
        </FormDialog>
      )}
    </RowActions>
  );
}
