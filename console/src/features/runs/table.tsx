/** The list of runs: only rows that are seen are drawn, and the pages behind them come as they are reached. */
import { Checkbox, Group, Text, VisuallyHidden } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from "react";
import { useNow } from "@/kit/clock";
import { Failure, Loading, Nothing } from "@/kit/states";
import { runs as text } from "@/strings/runs";
import { Row } from "./row";
import classes from "./runs.module.css";
import type { Run, RunList } from "./use-runs";
import type { Selection } from "./use-selection";

const HEIGHT = 44;
const HEAD = 37;
/** Rows before the end at which the next page is asked for. */
const AHEAD = 30;

interface TableProps {
  readonly list: RunList;
  readonly isFiltered: boolean;
  /** Undefined where nothing can be done to runs. */
  readonly selection: Selection | undefined;
}

export function RunTable({ list, isFiltered, selection }: TableProps) {
  const { rows, hasMore, isLoadingMore, more, error } = list;
  const navigate = useNavigate();
  const now = useNow({ every: 10_000, reason: rows });
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => HEIGHT,
    overscan: 12,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isLoadingMore && !error && last >= rows.length - AHEAD) more();
  }, [hasMore, isLoadingMore, error, last, rows.length, more]);

  const open = useCallback(
    (run: Run) => void navigate({ to: "/runs/$runId", params: { runId: run.id } }),
    [navigate],
  );
  const go = (place: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, place));
    setActive(next);
    virtual.scrollToIndex(next);
    requestAnimationFrame(() =>
      box.current?.querySelector<HTMLElement>(`[data-place="${next}"]`)?.focus({ preventScroll: true }),
    );
  };
  const onKeyDown = (event: KeyboardEvent, place: number) => {
    const run = rows[place];
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      PageDown: place + 10,
      PageUp: place - 10,
      Home: 0,
      End: rows.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) go(to);
    else if (event.key === "Enter" && run && event.target === event.currentTarget) open(run);
    else if (event.key === " " && run && selection && event.target === event.currentTarget)
      selection.toggle(run);
    else return;
    event.preventDefault();
  };

  return (
    <div>
      <div ref={box} className={classes.body} data-testid="run-list">
        <table
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: keys move through its rows
          role="grid"
          aria-label={text.table}
          aria-rowcount={hasMore ? -1 : rows.length + 1}
          aria-multiselectable={selection !== undefined}
          className={classes.table}
        >
          <Head rows={rows} selection={selection} />
          <tbody style={{ height: virtual.getTotalSize() }}>
            {shown.map((item) => {
              const run = rows[item.index];
              return run ? (
                <Row
                  key={run.id}
                  run={run}
                  place={item.index}
                  top={item.start - HEAD}
                  now={now}
                  isActive={item.index === Math.min(active, rows.length - 1)}
                  isSelected={selection?.has(run)}
                  open={open}
                  toggle={selection?.toggle ?? nothing}
                  activate={setActive}
                  onKeyDown={onKeyDown}
                />
              ) : null;
            })}
          </tbody>
        </table>
        {rows.length === 0 && <Instead list={list} isFiltered={isFiltered} />}
      </div>
      {error && rows.length > 0 ? <Failure error={error} retry={list.retry} /> : null}
      <Group justify="space-between" gap="xs" mt={4}>
        <Text size="xs" c="dimmed" role="status" data-testid="loaded-count">
          {hasMore ? text.loadedMore(rows.length) : text.loaded(rows.length)}
        </Text>
        <Text size="xs" c="dimmed" visibleFrom="sm">
          {text.tableHint}
        </Text>
      </Group>
    </div>
  );
}

interface HeadProps {
  readonly rows: readonly Run[];
  readonly selection: Selection | undefined;
}

function Head({ rows, selection }: HeadProps) {
  const { workflow, status, age, ...wide } = text.columns;
  return (
    <thead className={classes.top}>
      <tr aria-rowindex={1} className={classes.head}>
        <th scope="col">
          {selection ? (
            <Checkbox
              size="xs"
              checked={rows.length > 0 && selection.count === rows.length}
              indeterminate={selection.count > 0 && selection.count < rows.length}
              onChange={() => selection.set(selection.count > 0 ? [] : rows)}
              aria-label={text.selectAll}
            />
          ) : (
            <VisuallyHidden>{text.table}</VisuallyHidden>
          )}
        </th>
        {[workflow, status, age].map((name) => (
          <th key={name} scope="col">
            {name}
          </th>
        ))}
        {Object.values(wide).map((name) => (
          <th key={name} scope="col" className={classes.wide}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Instead({ list, isFiltered }: { readonly list: RunList; readonly isFiltered: boolean }) {
  if (list.isPending) return <Loading />;
  if (list.error) return <Failure error={list.error} retry={list.retry} />;
  if (isFiltered) return <Nothing title={text.none} hint={text.noneHint} />;
  return <Nothing title={text.noRuns} hint={text.noRunsHint} action={{ label: text.toStart, to: "/" }} />;
}

function nothing(): void {}
