/** One run in the list. */

import { Badge, Checkbox } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type MouseEvent, memo } from "react";
import { StatusBadge } from "@/kit/badges";
import { durationOf, secondsBetween } from "@/kit/moments";
import { utcOf } from "@/kit/utc";
import { runs as text } from "@/strings/runs";
import classes from "./runs.module.css";
import type { Run } from "./use-runs";

interface RowProps {
  readonly run: Run;
  readonly place: number;
  readonly top: number;
  readonly now: number;
  readonly isActive: boolean;
  /** Undefined where nothing can be done to runs. */
  readonly isSelected: boolean | undefined;
  readonly open: (run: Run) => void;
  readonly toggle: (run: Run) => void;
  readonly activate: (place: number) => void;
  readonly onKeyDown: (event: KeyboardEvent, place: number) => void;
}

export const Row = memo(function Row(props: RowProps) {
  const { run, place, isActive, isSelected } = props;
  return (
    <tr
      aria-rowindex={place + 2}
      aria-selected={isSelected ?? false}
      tabIndex={isActive ? 0 : -1}
      className={classes.row}
      style={{ transform: `translateY(${props.top}px)` }}
      onClick={(event) => !isControl(event) && props.open(run)}
      onFocus={() => props.activate(place)}
      onKeyDown={(event) => props.onKeyDown(event, place)}
      data-place={place}
      data-run={run.id}
      data-testid="run-row"
    >
      <td>
        {isSelected !== undefined && (
          <Checkbox
            size="xs"
            tabIndex={-1}
            checked={isSelected}
            onChange={() => props.toggle(run)}
            aria-label={text.select(run.id)}
          />
        )}
      </td>
      <td className={classes.cell}>
        <Link to="/runs/$runId" params={{ runId: run.id }} tabIndex={-1} className={classes.link ?? ""}>
          {run.workflow}
        </Link>
      </td>
      <td className={classes.cell}>
        <StatusBadge status={run.status} />
        {run.stranded && (
          <Badge color="amber" variant="light" ml={4} className={classes.wide ?? ""}>
            {text.stranded}
          </Badge>
        )}
      </td>
      <td className={`${classes.cell} numeric`} title={utcOf(run.created_at)}>
        {durationOf(Math.max(0, props.now - Date.parse(run.created_at)) / 1000)}
      </td>
      <td className={`${classes.cell} ${classes.wide} numeric`}>
        {run.finished_at ? durationOf(secondsBetween(run.created_at, run.finished_at)) : text.blank}
      </td>
      <td className={`${classes.cell} ${classes.wide}`}>
        {run.open_questions > 0 ? text.questions(run.open_questions) : text.blank}
      </td>
      <td className={`${classes.cell} ${classes.wide}`} title={labelsOf(run)}>
        {labelsOf(run) || text.blank}
      </td>
      <td className={`${classes.cell} ${classes.wide}`} title={run.principal}>
        {run.principal}
      </td>
    </tr>
  );
});

function labelsOf(run: Run): string {
  return Object.entries(run.labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

/** Whether something within the row was clicked that does something of its own. */
function isControl(event: MouseEvent): boolean {
  return event.target instanceof Element && event.target.closest("a, input, label") !== null;
}
