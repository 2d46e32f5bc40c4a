/** Decisions about an action: each names the digest that was looked at, and is refused by the server for another. */
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { client } from "@/api/client";
import { ApiError } from "@/api/problem";
import { inbox as text } from "@/strings/inbox";
import type { Verdict } from "./may";
import { type Question, useAskAnew } from "./use-questions";

export type Decision =
  | { readonly verdict: "approve" | "refuse"; readonly reason: string }
  | { readonly verdict: "edit"; readonly reason: string; readonly arguments: unknown }
  | {
      readonly verdict: "delegate";
      readonly reason: string;
      readonly to_role?: string;
      readonly to_assignee?: string;
    };

const PATHS = {
  approve: "/api/v1/questions/{question_id}/approve",
  refuse: "/api/v1/questions/{question_id}/refuse",
  edit: "/api/v1/questions/{question_id}/edit",
  delegate: "/api/v1/questions/{question_id}/delegate",
} as const satisfies Record<Verdict, string>;

/** Whether the server says that what was looked at is not what there is now. */
function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.problem.status === 409;
}

/** Send a decision; the question is shown anew, also where it was refused for having changed. */
export function useDecision(question: Question, onDone: (() => void) | undefined, onChanged: () => void) {
  const askAnew = useAskAnew();
  return useMutation({
    mutationFn: ({ verdict, ...said }: Decision & { readonly digest: string }) =>
      client.POST(PATHS[verdict], {
        params: { path: { question_id: question.id } },
        body: said as never,
      }),
    onSuccess: (_, { verdict }) => {
      notifications.show({ message: text.sent[verdict], color: "green" });
      askAnew(question.id);
      onDone?.();
    },
    onError: (error) => {
      if (!isConflict(error)) return;
      onChanged();
      askAnew(question.id);
    },
  });
}
