/** Bars on one axis of time, as many rows as there are: of the timeline and of the trace. */
import { Tooltip, VisuallyHidden } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { durationOf, Moment } from "@/kit/moments";
import { inspect } from "@/strings/inspect";
import { type Axis, type Bar, lengthOf, marksOf } from "./timeline-model";
import { useParams } from "./use-param";
import classes from "./waterfall.module.css";

const text = inspect.timeline;
const ROW = 30;
/** The shortest bar, as a share of the axis: what took no time is seen, too. */
const LEAST = 0.003;

interface WaterfallProps {
  readonly bars: readonly Bar[];
  readonly axis: Axis;
  readonly now: number;
  readonly label: string;
  /** What a row is called. */
  readonly heading: string;
}

export function Waterfall({ bars, axis, now, label, heading }: WaterfallProps) {
  const place = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: bars.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  return (
    <div className={classes.frame}>
      <div className={classes.row} aria-hidden>
        <span className={classes.heading}>{heading}</span>
        <Marks axis={axis} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <section ref={place} className={classes.rows} aria-label={label} tabIndex={0} data-testid="waterfall">
        <ol className={classes.list} style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().map(({ index, start, key }) => (
            <li
              key={key}
              className={classes.item}
              style={{ transform: `translateY(${start}px)`, height: ROW }}
            >
              <Row bar={bars[index] as Bar} axis={axis} now={now} />
            </li>
          ))}
        </ol>
      </section>
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
  readonly now: number;
}

function Row({ bar, axis, now }: RowProps) {
  const [, choose] = useParams();
  const end = bar.end ?? now;
  const left = Math.min(axis.at(bar.begin), 1 - LEAST);
  const width = Math.max(LEAST, axis.at(end) - left);
  const took = durationOf(Math.max(0, end - bar.begin) / 1000);
  const duration = bar.end === null ? `${took}, ${text.open}` : took;
  return (
    <Tooltip
      label={<Details bar={bar} duration={duration} />}
      events={{ hover: true, focus: true, touch: true }}
      position="bottom-start"
      multiline
    >
      <button
        type="button"
        className={classes.row}
        onClick={() => choose({ tab: "journal", entry: bar.seq })}
        data-testid="waterfall-row"
      >
        <span className={classes.label} style={{ paddingLeft: 8 + Math.min(bar.depth, 8) * 14 }}>
          {bar.label}
        </span>
        <span className={classes.track}>
          <span
            className={classes.bar}
            data-tone={bar.tone}
            data-exact={bar.exact}
            data-open={bar.end === null}
            style={{ left: share(left), width: share(width) }}
          />
          {bar.waits.map(([from, to]) => (
            <span
              key={from}
              className={classes.wait}
              style={{ left: share(axis.at(from)), width: share(axis.at(to) - axis.at(from)) }}
            />
          ))}
          <span className={classes.took} style={beside(left, width)}>
            {took}
          </span>
          {bar.end === null && <VisuallyHidden>{text.open}</VisuallyHidden>}
          {bar.tone === "failed" && <VisuallyHidden>{text.failed}</VisuallyHidden>}
        </span>
      </button>
    </Tooltip>
  );
}

function Details({ bar, duration }: { readonly bar: Bar; readonly duration: string }) {
  const waited = lengthOf(bar.waits);
  return (
    <div className={classes.details}>
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

/** A duration stands behind its bar where there is room, else before it, else on it. */
function beside(left: number, width: number): React.CSSProperties {
  if (left + width < 0.86) return { left: `calc(${share(left + width)} + 4px)` };
  if (left > 0.14) return { right: `calc(${share(1 - left)} + 4px)` };
  return { right: 4 };
}
