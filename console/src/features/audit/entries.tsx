/** Entries of the log, the newest first: filtered by the server, drawn as far as they are in view. */
import { Anchor, Badge, Box, Text } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { $api, type Schema } from "@/api/client";
import { useAddress } from "@/kit/address";
import { PAGES } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Failure, Loading, Nothing } from "@/kit/states";
import { audit as text } from "@/strings/audit";
import classes from "./audit.module.css";
import { EntryDrawer } from "./entry";
import { FilterBar, filtersOf } from "./filters";

type Summary = Schema<"EntrySummary">;

/** Pixels of a row. */
const ROW = 44;
/** Rows before the end of what is loaded, at which more is asked for. */
const AHEAD = 20;

export function Entries() {
  const { get, set } = useAddress();
  const chosen = get("entry");
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/audit/entries",
    { params: { query: { ...filtersOf(get), limit: 100 } } },
    PAGES,
  );
  const entries = query.data?.pages.flatMap((page) => page.items);
  return (
    <>
      <FilterBar />
      {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Loading />}
      {entries?.length === 0 && <Nothing title={text.noEntries} hint={text.noEntriesHint} />}
      {entries && entries.length > 0 && (
        <EntryTable
          entries={entries}
          hasMore={query.hasNextPage}
          onEnd={() => {
            if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
          }}
          onOpen={(id) => set({ entry: id })}
        />
      )}
      {chosen !== "" && <EntryDrawer key={chosen} entryId={chosen} onClose={() => set({ entry: "" })} />}
    </>
  );
}

interface EntryTableProps {
  readonly entries: readonly Summary[];
  readonly hasMore: boolean;
  readonly onEnd: () => void;
  readonly onOpen: (id: string) => void;
}

function EntryTable({ entries, hasMore, onEnd, onOpen }: EntryTableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  const isNearEnd = last >= entries.length - AHEAD;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for each length, however often it is drawn
  useEffect(() => {
    if (isNearEnd) onEnd();
  }, [isNearEnd, entries.length]);
  return (
    <Box>
      <div aria-hidden className={`${classes.row} ${classes.head}`}>
        {(["position", "at", "kind", "subject", "actor"] as const).map((name) => (
          <span key={name} className={classes[name]}>
            {text.columns[name]}
          </span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has only keys scrolls it, too */}
      <section ref={scroller} className={classes.scroller} tabIndex={0} aria-label={text.list}>
        <ul className={classes.list} style={{ height: rows.getTotalSize() }}>
          {shown.map(({ index, start }) => {
            const entry = entries[index];
            return entry && <Row key={entry.id} entry={entry} index={index} start={start} onOpen={onOpen} />;
          })}
        </ul>
      </section>
      <Text size="xs" c="dimmed" mt={4} role="status">
        {text.loadedCount(entries.length, hasMore)}
      </Text>
    </Box>
  );
}

interface RowProps {
  readonly entry: Summary;
  readonly index: number;
  readonly start: number;
  readonly onOpen: (id: string) => void;
}

function Row({ entry, index, start, onOpen }: RowProps) {
  return (
    <li
      aria-posinset={index + 1}
      aria-setsize={-1}
      data-testid="audit-row"
      className={`${classes.row} ${classes.placed}`}
      style={{ transform: `translateY(${start}px)`, height: ROW }}
    >
      <span className={`${classes.position} numeric`}>{entry.position ?? text.noPlace}</span>
      <span className={classes.at}>
        <Moment at={entry.at} />
      </span>
      <span className={classes.kind}>
        <Badge variant="light" color="gray">
          {kindText(entry.kind)}
        </Badge>
      </span>
      <span className={classes.subject}>
        <Anchor
          component="button"
          type="button"
          size="sm"
          truncate
          maw="100%"
          onClick={() => onOpen(entry.id)}
        >
          {entry.subject}
        </Anchor>
      </span>
      <Text size="sm" truncate title={entry.actor} className={classes.actor ?? ""}>
        {entry.actor}
      </Text>
    </li>
  );
}

/** The kind in words; a newer server's kind as it says it. */
export function kindText(kind: string): string {
  return kind in text.kinds ? text.kinds[kind as keyof typeof text.kinds] : kind;
}
