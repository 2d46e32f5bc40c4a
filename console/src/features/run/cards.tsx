/** The reason cards of a run in order. Of many, those in sight are drawn and no others. */
import { Stack, Text, Title } from "@mantine/core";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useLayoutEffect, useRef, useState } from "react";
import { Nothing } from "@/kit/states";
import { run as text } from "@/strings/run";
import type { CardAt } from "./journal";
import { ReasonCardView } from "./reason-card";
import { useGradually } from "./use-gradually";

/** From so many cards on it is worth not drawing those that nobody sees. */
export const MANY = 40;
/** Cards that are drawn in one frame: each is a few milliseconds of work. */
const AT_ONCE = 6;
/** Pixels that a card takes before it was measured, and that are between two. */
const USUAL = 190;
const GAP = 12;

interface CardsProps {
  readonly runId: string;
  readonly cards: readonly CardAt[];
}

export const Cards = memo(function Cards({ runId, cards }: CardsProps) {
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const toggle = useCallback(
    (seq: number, isOpen: boolean) => setOpened((before) => toggled(before, seq, isOpen)),
    [],
  );
  const draw = useCallback(
    (at: CardAt) => <ReasonCardView runId={runId} at={at} isOpen={opened.has(at.seq)} onToggle={toggle} />,
    [runId, opened, toggle],
  );
  return (
    <section aria-labelledby="cards-title">
      <Title order={2} size="h4" id="cards-title" mb="xs">
        {text.cards}
        <Text span size="sm" c="dimmed" ml="xs" data-testid="card-count">
          {text.cardCount(cards.length)}
        </Text>
      </Title>
      {cards.length === 0 && <Nothing title={text.noCards} hint={text.noCardsHint} />}
      {cards.length <= MANY ? (
        <FewCards cards={cards} draw={draw} />
      ) : (
        <ManyCards cards={cards} draw={draw} />
      )}
    </section>
  );
});

function toggled(before: ReadonlySet<number>, seq: number, isOpen: boolean): ReadonlySet<number> {
  if (before.has(seq) === isOpen) return before;
  const after = new Set(before);
  if (isOpen) after.add(seq);
  else after.delete(seq);
  return after;
}

interface DrawnProps {
  readonly cards: readonly CardAt[];
  readonly draw: (at: CardAt) => React.ReactNode;
}

function FewCards({ cards, draw }: DrawnProps) {
  const drawn = useGradually(cards.length, AT_ONCE);
  return (
    <Stack gap={GAP}>
      {cards.slice(0, drawn).map((at) => (
        <div key={at.seq}>{draw(at)}</div>
      ))}
    </Stack>
  );
}

function ManyCards({ cards, draw }: DrawnProps) {
  const place = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const found = place.current?.getBoundingClientRect().top ?? 0;
    setTop(Math.round(found + window.scrollY));
  });
  const list = useWindowVirtualizer({
    count: cards.length,
    estimateSize: () => USUAL,
    getItemKey: useCallback((index: number) => cards[index]?.seq ?? index, [cards]),
    gap: GAP,
    overscan: 4,
    scrollMargin: top,
    useFlushSync: false,
  });
  return (
    <div ref={place} style={{ height: list.getTotalSize(), position: "relative" }} data-testid="many-cards">
      {list.getVirtualItems().map(({ key, index, start }) => {
        const at = cards[index];
        return (
          at && (
            <div
              key={key}
              ref={list.measureElement}
              data-index={index}
              style={{
                position: "absolute",
                insetInline: 0,
                top: 0,
                transform: `translateY(${start - top}px)`,
              }}
            >
              {draw(at)}
            </div>
          )
        );
      })}
    </div>
  );
}
