/** What the workflow says of how far it is, the newest last, in a space of its own that does not grow. */
import { Box, Group, ScrollArea, Text, Title } from "@mantine/core";
import { memo, useEffect, useRef } from "react";
import { Moment } from "@/kit/moments";
import { run as text } from "@/strings/run";
import type { MessageAt } from "./journal";

/** Older ones stand in the journal. */
const SHOWN = 100;
const HEIGHT = 112;
/** Pixels from the end within which one is taken to read at the end. */
const NEAR = 40;

interface MessagesProps {
  readonly messages: readonly MessageAt[];
}

export const Messages = memo(function Messages({ messages }: MessagesProps) {
  const viewport = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const last = messages.at(-1)?.seq;
  // biome-ignore lint/correctness/useExhaustiveDependencies: follows the last message
  useEffect(() => {
    const area = viewport.current;
    if (area && isAtEnd.current) area.scrollTop = area.scrollHeight;
  }, [last]);
  const onScroll = () => {
    const area = viewport.current;
    if (area) isAtEnd.current = area.scrollHeight - area.scrollTop - area.clientHeight < NEAR;
  };
  return (
    <Box component="section" aria-labelledby="messages-title">
      <Title order={2} size="h4" id="messages-title" mb="xs">
        {text.messages}
      </Title>
      <ScrollArea
        h={HEIGHT}
        viewportRef={viewport}
        onScrollPositionChange={onScroll}
        viewportProps={{ tabIndex: 0, role: "log", "aria-labelledby": "messages-title" }}
      >
        {messages.length === 0 && (
          <Text size="sm" c="dimmed">
            {text.noMessages}
          </Text>
        )}
        {messages.slice(-SHOWN).map(({ seq, at, message }) => (
          <Line key={seq} at={at} message={message} />
        ))}
      </ScrollArea>
    </Box>
  );
});

const Line = memo(function Line({ at, message }: Pick<MessageAt, "at" | "message">) {
  return (
    <Group gap="xs" wrap="nowrap" align="baseline" data-testid="message">
      <Text size="xs" c="dimmed">
        <Moment at={at} short />
      </Text>
      <Text size="sm">{message}</Text>
    </Group>
  );
});
