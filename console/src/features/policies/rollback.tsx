/** Going back to what was active before, once it has been said which version that is. */
import { Text } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { FormDialog } from "@/kit/form-dialog";
import { useRefresh } from "@/kit/refresh";
import { policies as text } from "@/strings/policies";
import { ALL } from "./queries";
import { Note } from "./version-actions";

interface RollbackDialogProps {
  readonly active: number | null;
  readonly onClose: () => void;
}

export function RollbackDialog({ active, onClose }: RollbackDialogProps) {
  const [note, setNote] = useState("");
  const refresh = useRefresh(ALL);
  const changes = $api.useQuery("get", "/api/v1/policies/changes", { params: { query: { limit: 100 } } });
  const before = beforeOf(changes.data?.items ?? [], active);
  async function rollBack() {
    await client.POST("/api/v1/policies/rollback", { body: { note } });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={text.rollbackTitle}
      action={text.rollback}
      color="red"
      onSubmit={rollBack}
      onClose={onClose}
    >
      <Text size="sm" data-testid="rollback-to">
        {saidOf(before)}
      </Text>
      <Note value={note} onChange={setNote} />
    </FormDialog>
  );
}

/** What was active before `active` was activated last; undefined where the newest changes do not tell. */
export function beforeOf(
  changes: readonly Pick<Schema<"PolicyChange">, "kind" | "before" | "after">[],
  active: number | null,
): number | null | undefined {
  return changes.find(({ kind, after }) => kind === "activated" && after === active)?.before;
}

function saidOf(before: number | null | undefined): string {
  if (before === undefined) return text.rollbackUnknown;
  return before === null ? text.rollbackToNone : text.rollbackTo(before);
}
