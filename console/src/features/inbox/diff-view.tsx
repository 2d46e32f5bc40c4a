/** Two JSON values, line by line. Signs and words say what colours say. */
import { Box, VisuallyHidden } from "@mantine/core";
import { inbox as text } from "@/strings/inbox";
import { diffLines, type Line, pretty } from "./diff";
import classes from "./inbox.module.css";

interface DiffViewProps {
  readonly before: unknown;
  readonly after: unknown;
}

const SAID: Record<Line["sign"], string> = { "=": "", "-": text.removed, "+": text.added };

export function DiffView({ before, after }: DiffViewProps) {
  const lines = diffLines(pretty(before), pretty(after));
  return (
    <Box component="section" className={classes.code ?? ""} aria-label={text.diffLabel} tabIndex={0}>
      {lines.map((line, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing else to be told apart by
        <div key={place} className={classes.line} data-sign={line.sign}>
          {line.sign !== "=" && <VisuallyHidden>{SAID[line.sign]}</VisuallyHidden>}
          <span aria-hidden>{line.sign === "=" ? "  " : `${line.sign} `}</span>
          {line.text}
        </div>
      ))}
    </Box>
  );
}
