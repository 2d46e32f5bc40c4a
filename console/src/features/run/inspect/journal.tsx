/** Every entry of a run's journal, as the server tells it. */
import { Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef } from "react";
import { Nothing } from "@/kit/states";
import { inspect } from "@/strings/inspect";
import type { Entry } from "../journal";
import type { RunTabProps } from "../tab";
import classes from "./journal.module.css";
import { kindsOf, matching } from "./journal-filter";
import { JournalRow } from "./journal-row";
import framed from "./rows.module.css";
import { useParams } from "./use-param";

const text = inspect.journal;
const ROW = 32;

export default function JournalTab({ view }: RunTabProps) {
  const [read, choose] = useParams();
  const entries = useDeferredValue(view.entries);
  const wanted = useDeferredValue(read("find") ?? "");
  const kind = read("kind");
  const shown = useMemo(() => matching(entries, { kind, text: wanted }), [entries, kind, wanted]);
  const kinds = useMemo(() => kindsOf(entries), [entries]);
  const entry = read("entry");
  const isMissing = entry !== undefined && !shown.some(({ seq }) => String(seq) === entry);
  if (entries.length === 0) return <Nothing title={text.empty} hint={text.emptyHint} />;
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <TextInput
          size="xs"
          aria-label={text.filter}
          placeholder={text.filter}
          className={classes.find ?? ""}
          value={read("find") ?? ""}
          onChange={({ currentTarget }) => choose({ find: currentTarget.value || undefined })}
        />
        <Select
          size="xs"
          clearable
          aria-label={text.kind}
          placeholder={text.anyKind}
          data={kinds}
          value={kind ?? null}
          onChange={(chosen) => choose({ kind: chosen ?? undefined })}
        />
        <Text size="sm" c="dimmed" className="numeric" role="status" data-testid="journal-count">
          {text.shown(shown.length, entries.length)}
        </Text>
      </Group>
      {isMissing && (
        <Text size="sm" role="status">
          {text.unknownEntry(entry)}
        </Text>
      )}
      {shown.length === 0 ? (
        <Nothing title={text.nothing} hint={text.nothingHint} />
      ) : (
        <Rows entries={shown} chosen={entry} onChoose={(seq) => choose({ entry: seq })} />
      )}
    </Stack>
  );
}

interface RowsProps {
  readonly entries: readonly Entry[];
  readonly chosen: string | undefined;
  readonly onChoose: (seq: number | undefined) => void;
}

function Rows({ entries, chosen, onChoose }: RowsProps) {
  const place = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => place.current,
    getItemKey: useCallback((index: number) => (entries[index] as Entry).seq, [entries]),
    estimateSize: () => ROW,
    overscan: 10,
  });
  // only the opened entry is higher than the others: what was measured holds until another one is opened
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew as soon as another one is opened
  useEffect(() => rows.measure(), [chosen, rows]);
  const led = useRef(false);
  useEffect(() => {
    if (led.current || chosen === undefined) return;
    const index = entries.findIndex(({ seq }) => String(seq) === chosen);
    if (index < 0) return;
    led.current = true;
    rows.scrollToIndex(index, { align: "start" });
  }, [chosen, entries, rows]);
  return (
    <section className={framed.frame} aria-label={text.label}>
      <div className={classes.row} data-head aria-hidden>
        {[text.seq, text.time, text.kindColumn, text.key, text.payload].map((name) => (
          <span key={name}>{name}</span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <div ref={place} className={framed.rows} tabIndex={0} data-testid="journal-rows">
        <ol className={framed.list} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start, key }) => {
            const entry = entries[index] as Entry;
            return (
              <li
                key={key}
                ref={String(entry.seq) === chosen ? rows.measureElement : undefined}
                data-index={index}
                className={framed.item}
                style={{ transform: `translateY(${start}px)` }}
              >
                <JournalRow entry={entry} isOpen={String(entry.seq) === chosen} onChoose={onChoose} />
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}
