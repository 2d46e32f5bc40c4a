/** Lines of two texts under each other. Signs and words say what colours say. */
import { VisuallyHidden } from "@mantine/core";
import { common } from "@/strings/common";
import type { DiffLine, DiffRow } from "./line-diff";
import classes from "./line-diff.module.css";

const text = common.lines;
const SIGNS: Readonly<Record<DiffLine["kind"], string>> = { same: " ", added: "+", removed: "-" };

interface LineDiffProps {
  /** What it is of, for those who cannot see it. */
  readonly label: string;
  readonly rows: readonly DiffRow[];
}

export function LineDiff({ label, rows }: LineDiffProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has only keys scrolls it, too
    <section className={classes.scroller} tabIndex={0} aria-label={label}>
      <table className={classes.lines}>
        <tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing else to be told apart by
            <Row key={index} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ row }: { readonly row: DiffRow }) {
  if (row === "gap")
    return (
      <tr className={classes.gap} data-kind="gap">
        <td colSpan={3}>{text.gap}</td>
      </tr>
    );
  return (
    <tr className={classes[row.kind]} data-kind={row.kind}>
      <td className={classes.number}>{row.before}</td>
      <td className={classes.number}>{row.after}</td>
      <td className={classes.text}>
        {row.kind !== "same" && <VisuallyHidden>{text[row.kind]}</VisuallyHidden>}
        <span aria-hidden>{`${SIGNS[row.kind]} `}</span>
        {row.text}
      </td>
    </tr>
  );
}
