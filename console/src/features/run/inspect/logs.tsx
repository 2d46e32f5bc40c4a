/** What the run said of itself, line by line. */
import { Badge, Button, CopyButton, Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useDeferredValue, useMemo, useRef } from "react";
import { Moment } from "@/kit/moments";
import { Nothing } from "@/kit/states";
import { common } from "@/strings/common";
import { inspect } from "@/strings/inspect";
import type { RunTabProps } from "../tab";
import classes from "./journal.module.css";
import { type Level, type Line, linesOf, selected, type Wanted, written } from "./log-lines";
import framed from "./rows.module.css";
import { useParams } from "./use-param";

const text = inspect.logs;
const LEVELS: readonly Wanted[] = ["all", "warning", "error"];
const COLOURS: Readonly<Record<Level, string>> = { info: "gray", warning: "amber", error: "red" };

export default function LogsTab({ view }: RunTabProps) {
  const [read, choose] = useParams();
  const entries = useDeferredValue(view.entries);
  const lines = useMemo(() => linesOf(entries), [entries]);
  const level = LEVELS.find((each) => each === read("level")) ?? "all";
  const wanted = useDeferredValue(read("find") ?? "");
  const shown = useMemo(() => selected(lines, level, wanted), [lines, level, wanted]);
  const open = useCallback(
    (seq: number) => choose({ tab: "journal", entry: seq, find: undefined }),
    [choose],
  );
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <SegmentedControl
          size="xs"
          aria-label={text.level}
          value={level}
          data={LEVELS.map((each) => ({ value: each, label: text.atLeast[each] }))}
          onChange={(chosen) => choose({ level: chosen === "all" ? undefined : chosen })}
        />
        <TextInput
          size="xs"
          aria-label={text.filter}
          placeholder={text.filter}
          className={classes.find ?? ""}
          value={read("find") ?? ""}
          onChange={({ currentTarget }) => choose({ find: currentTarget.value || undefined })}
        />
        <CopyButton value={shown.map(written).join("\n")}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy} disabled={shown.length === 0}>
              {copied ? common.copied : text.copy}
            </Button>
          )}
        </CopyButton>
        <Text size="sm" c="dimmed" role="status" data-testid="log-count">
          {text.lines(shown.length)}
        </Text>
      </Group>
      {shown.length === 0 ? (
        <Nothing title={text.nothing} hint={text.nothingHint} />
      ) : (
        <Lines lines={shown} onOpen={open} />
      )}
      <Text size="xs" c="dimmed">
        {text.note}
      </Text>
    </Stack>
  );
}

interface LinesProps {
  readonly lines: readonly Line[];
  readonly onOpen: (seq: number) => void;
}

function Lines({ lines, onOpen }: LinesProps) {
  const place = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => place.current,
    estimateSize: () => 29,
    overscan: 10,
  });
  return (
    <section className={framed.frame} aria-label={text.label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <div ref={place} className={classes.lines} tabIndex={0} data-testid="log-lines">
        <ol className={framed.list} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start, key }) => (
            <li
              key={key}
              ref={rows.measureElement}
              data-index={index}
              data-testid="log-line"
              data-level={lines[index]?.level}
              className={`${framed.item} ${classes.line}`}
              style={{ transform: `translateY(${start}px)` }}
            >
              <LogLine line={lines[index] as Line} onOpen={onOpen} />
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}

interface LogLineProps {
  readonly line: Line;
  readonly onOpen: (seq: number) => void;
}

const LogLine = memo(function LogLine({ line, onOpen }: LogLineProps) {
  const { seq, at, level, step, text: said } = line;
  return (
    <>
      <Moment at={at} short />
      <span>
        <Badge size="sm" variant="light" color={COLOURS[level]}>
          {text.levels[level]}
        </Badge>
      </span>
      <span className={classes.faint}>{step}</span>
      <span>
        <button
          type="button"
          className={classes.said}
          title={inspect.graph.inJournal(seq)}
          onClick={() => onOpen(seq)}
        >
          {said}
        </button>
      </span>
    </>
  );
});
