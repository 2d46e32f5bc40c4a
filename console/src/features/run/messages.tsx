/** What the workflow says of how far it is, the newest last, in a space of its own that does not grow. */
import { Text, Title } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useRef } from "react";
import { Moment } from "@/kit/moments";
import { run as text } from "@/strings/run";
import type { MessageAt } from "./journal";
import style from "./run.module.css";

/** Pixels that a message of one line takes. */
const LINE = 21;
/** Pixels from the end within which one is taken to read at the end, and is kept there. */
const NEAR = 40;
/** Messages beyond those in sight that are drawn, too: of most runs these are all. */
const BEYOND = 40;

interface MessagesProps {
  readonly messages: readonly MessageAt[];
}

export const Messages = memo(function Messages({ messages }: MessagesProps) {
  const place = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: messages.length,
    getScrollElement: () => place.current,
    getItemKey: useCallback((index: number) => messages[index]?.seq ?? index, [messages]),
    estimateSize: () => LINE,
    overscan: BEYOND,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: NEAR,
  });
  return (
    <section aria-labelledby="messages-title">
      <Title order={2} size="h4" id="messages-title" mb="xs">
        {text.messages}
      </Title>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <div ref={place} className={style.messages} role="log" tabIndex={0} aria-labelledby="messages-title">
        {messages.length === 0 && (
          <Text size="sm" c="dimmed">
            {text.noMessages}
          </Text>
        )}
        <div style={{ height: list.getTotalSize(), position: "relative" }}>
          {list.getVirtualItems().map(({ index, key, start }) => (
            <div
              key={key}
              ref={list.measureElement}
              data-index={index}
              className={style.message}
              style={{ transform: `translateY(${start}px)` }}
              data-testid="message"
            >
              <Line {...(messages[index] as MessageAt)} />
            </div>
          ))}
        </div>
      </div>
    </section>
  );
});

/** Plain elements: many come at once. */
const Line = memo(function Line({ at, message }: Pick<MessageAt, "at" | "message">) {
  return (
    <>
      <p>
        <Moment at={at} short />
      </p>
      <p>{message}</p>
    </>
  );
});
