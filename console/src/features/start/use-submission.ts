/** Submitting a run: sent as often as it takes, made once. */
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { client, idempotencyKey } from "@/api/client";

export interface Wanted {
  readonly workflow: string;
  readonly input: unknown;
}

/** A mutation whose key stays the same while the same is sent again, until a run was made of it. */
export function useSubmission(made: (runId: string) => void) {
  const intended = useRef<{ readonly what: string; readonly key: string }>(undefined);
  return useMutation({
    mutationFn: async (wanted: Wanted) => {
      const what = JSON.stringify(wanted);
      if (intended.current?.what !== what) intended.current = { what, key: idempotencyKey() };
      const { data } = await client.POST("/api/v1/runs", {
        params: { header: { "idempotency-key": intended.current.key } },
        body: { workflow: wanted.workflow, input: wanted.input as never, priority: 0, untrusted: false },
      });
      return data?.id;
    },
    onSuccess: (runId) => {
      intended.current = undefined;
      if (runId !== undefined) made(runId);
    },
  });
}
