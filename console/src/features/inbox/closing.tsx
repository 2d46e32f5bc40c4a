/** How a question was closed: by whom, when, and with which answer. */
import { Alert, Text } from "@mantine/core";
import { Moment } from "@/kit/moments";
import { inbox as text } from "@/strings/inbox";
import { verdictOf } from "./others";
import type { Question } from "./use-questions";

export function Closing({ question }: { readonly question: Question }) {
  const { status, closed_by, closed_at, answer, kind } = question;
  if (status === "open") return null;
  const said = verdictOf(question) ?? text.closedWithout[status];
  const refused = answer === "refuse" || status === "expired";
  return (
    <Alert
      color={refused ? "red" : status === "answered" ? "green" : "gray"}
      title={closed_by ? text.closedBy(said, closed_by) : said}
      data-testid="closing"
    >
      <Text size="sm" component="div">
        <Moment at={closed_at} />
      </Text>
      {answer && kind !== "approval" && (
        <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
          {text.theAnswer}
          {": "}
          {answer}
        </Text>
      )}
    </Alert>
  );
}
