/** Bars on one axis of time, as many rows as there are: of the timeline and of the trace. */
import { Tooltip, VisuallyHidden } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useRef, useState } from "react";
import { durationOf, Moment } from "@/kit/moments";
import { inspect } from "@/strings/inspect";
import framed from "./rows.module.css";
import { type Axis, type Bar, lengthOf, marksOf } from "./timeline-model";
import { useParams } from "./use-param";
import classes from "./waterfall.module.css";

const text = inspect.timeline;
const ROW = 30;
/** The shortest bar, as a share of the axis: what took no time is seen, too. */
const LEAST = 0.003;
/** By this id a row is described by what its tooltip tells. */
const DETAILS = "waterfall-details";

interface WaterfallProps {
  readonly bars: readonly Bar[];
  readonly axis: Axis;
  readonly now: number;
  readonly label: string;
  /** What a row is called. */
  readonly heading: string;
}

/** The row that is pointed at or focused; one tooltip serves all of them, as each would cost more than its row. */
interface Pointed {
  readonly id: string;
  readonly element: HTMLElement;
}

export function Waterfall({ bars, axis, now, label, heading }: WaterfallProps) {
  const place = useRef<HTMLDivElement>(null);
  const [pointed, point] = useState<Pointed>();
  const [, choose] = useParams();
  const open = useCallback((entry: number) => choose({ tab: "journal", entry }), [choose]);
  const rows = useVirtualizer({
    count: bars.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const told = pointed && bars.find(({ id }) => id === pointed.id);
  return (
    <div className={framed.frame}>
      <div className={classes.row} aria-hidden>
        <span className={classes.heading}>{heading}</span>
        <Marks axis={axis} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <section ref={place} className={framed.rows} aria-label={label} tabIndex={0} data-testid="waterfall">
        <ol className={framed.list} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start, key }) => {
            const bar = bars[index] as Bar;
            return (
              <li
                key={key}
                className={framed.item}
                style={{ transform: `translateY(${start}px)`, height: ROW }}
              >
                <Row
                  bar={bar}
                  axis={axis}
                  end={bar.end ?? now}
                  isPointed={bar.id === told?.id}
                  onPoint={point}
                  onOpen={open}
                />
              </li>
            );
          })}
        </ol>
      </section>
      {told && (
        <Tooltip
          opened
          multiline
          target={pointed?.element ?? null}
          position="bottom-start"
          label={<Details bar={told} duration={durationIn(told, told.end ?? now)} />}
        />
      )}
    </div>
  );
}

function Marks({ axis }: { readonly axis: Axis }) {
  const placed: { at: number; mark: number }[] = [];
  for (const mark of marksOf(axis.shown)) {
    const at = axis.at(axis.momentOf(mark));
    if (at <= 0.94 && at - (placed.at(-1)?.at ?? -1) > 0.08) placed.push({ at, mark });
  }
  return (
    <span className={classes.track}>
      {placed.map(({ at, mark }) => (
        <span key={mark} className={classes.mark} style={{ left: share(at) }}>
          {mark === 0 ? "0" : durationOf(mark / 1000)}
        </span>
      ))}
    </span>
  );
}

interface RowProps {
  readonly bar: Bar;
  readonly axis: Axis;
  /** When it ended; the present while it is under way. */
  readonly end: number;
  readonly isPointed: boolean;
  readonly onPoint: (pointed: Pointed | undefined) => void;
  readonly onOpen: (seq: number) => void;
}

/** Drawn again only where something of it has changed: scrolling draws those that come into sight. */
const Row = memo(function Row({ bar, axis, end, isPointed, onPoint, onOpen }: RowProps) {
  const left = Math.min(axis.at(bar.begin), 1 - LEAST);
  const width = Math.max(LEAST, axis.at(end) - left);
  const point = ({ currentTarget }: { currentTarget: HTMLElement }) =>
    onPoint({ id: bar.id, element: currentTarget });
  return (
    <button
      type="button"
      className={classes.row}
      aria-describedby={isPointed ? DETAILS : undefined}
      onClick={() => onOpen(bar.seq)}
      onPointerEnter={point}
      onPointerLeave={() => onPoint(undefined)}
      onFocus={(event) => event.currentTarget.matches(":focus-visible") && point(event)}
      onBlur={() => onPoint(undefined)}
      data-testid="waterfall-row"
    >
      <span className={classes.label} style={{ paddingLeft: 8 + Math.min(bar.depth, 8) * 14 }}>
        {bar.label}
      </span>
      <span className={classes.track}>
        <Lane at={left}>
          <span
            className={classes.bar}
            data-tone={bar.tone}
            data-exact={bar.exact}
            data-open={bar.end === null}
            style={{ width: share(width) }}
          />
        </Lane>
        {bar.waits.map(([from, to]) => (
          <Lane key={from} at={axis.at(from)}>
            <span className={classes.wait} style={{ width: share(axis.at(to) - axis.at(from)) }} />
          </Lane>
        ))}
        <Took left={left} right={left + width} took={tookOf(bar, end)} />
        {bar.end === null && <VisuallyHidden>{text.open}</VisuallyHidden>}
        {bar.tone === "failed" && <VisuallyHidden>{text.failed}</VisuallyHidden>}
      </span>
    </button>
  );
});

/** What begins at a place of the track. It is moved there, not laid out: a growing axis shifts no layout. */
function Lane({ at, children }: { readonly at: number; readonly children: React.ReactNode }) {
  return (
    <span className={classes.lane} style={{ transform: `translateX(${share(at)})` }}>
      {children}
    </span>
  );
}

interface TookProps {
  readonly left: number;
  readonly right: number;
  readonly took: string;
}

/** A duration stands behind its bar where there is room, else before it, else on it. */
function Took({ left, right, took }: TookProps) {
  const isBehind = right < 0.86;
  const isOn = !isBehind && left <= 0.14;
  return (
    <Lane at={isBehind ? right : isOn ? 0 : left - 1}>
      <span className={classes.took} style={isBehind ? { left: 4 } : { right: 4 }}>
        {took}
      </span>
    </Lane>
  );
}

function tookOf(bar: Bar, end: number): string {
  return durationOf(Math.max(0, end - bar.begin) / 1000);
}

function durationIn(bar: Bar, end: number): string {
  return bar.end === null ? `${tookOf(bar, end)}, ${text.open}` : tookOf(bar, end);
}

function Details({ bar, duration }: { readonly bar: Bar; readonly duration: string }) {
  const waited = lengthOf(bar.waits);
  return (
    <div className={classes.details} id={DETAILS}>
      <strong>{bar.id || bar.label}</strong>
      <div>
        {text.start} <Moment at={new Date(bar.begin).toISOString()} />
      </div>
      {bar.end !== null && (
        <div>
          {text.end} <Moment at={new Date(bar.end).toISOString()} />
        </div>
      )}
      <div>
        {text.duration} {duration}
        {waited > 0 && `, ${durationOf(waited / 1000)} ${text.waited}`}
      </div>
      {!bar.exact && <div>{text.inexact}</div>}
      {bar.said && <div>{bar.said}</div>}
    </div>
  );
}

function share(part: number): string {
  return `${(part * 100).toFixed(3)}%`;
}
