/** One entry of the journal: a line, and its payload where it is opened. */

import { Button, CopyButton, Group, Text } from "@mantine/core";
import { memo } from "react";
import { JsonView } from "@/kit/json-view";
import { utcOf } from "@/kit/utc";
import { common } from "@/strings/common";
import { inspect } from "@/strings/inspect";
import type { Entry } from "../journal";
import classes from "./journal.module.css";
import { previewOf } from "./journal-filter";
import { LongText } from "./long-text";

const text = inspect.journal;
const TIME = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

interface RowProps {
  readonly entry: Entry;
  readonly isOpen: boolean;
  readonly onChoose: (seq: number | undefined) => void;
}

function Line({ entry, isOpen, onChoose }: RowProps) {
  const { seq, kind, key, at, encoding } = entry;
  return (
    <>
      <div className={classes.row} data-seq={seq} data-open={isOpen}>
        <span>
          <button
            type="button"
            className={classes.open}
            aria-expanded={isOpen}
            aria-label={text.expand(seq)}
            onClick={() => onChoose(isOpen ? undefined : seq)}
          >
            {seq}
          </button>
        </span>
        <time dateTime={at} title={utcOf(at)}>
          {TIME.format(new Date(at))}
        </time>
        <span>{kind}</span>
        <span className={classes.faint} title={key}>
          {key || text.run}
        </span>
        <span className={classes.payload}>
          {encoding === "json" || encoding === "text" ? previewOf(entry) : text.encodings[encoding]}
        </span>
      </div>
      {isOpen && (
        <div className={classes.opened}>
          <div data-testid="entry-payload">
            <Opened entry={entry} />
          </div>
        </div>
      )}
    </>
  );
}

export const JournalRow = memo(Line);

function Opened({ entry: { encoding, payload, key, at } }: { readonly entry: Entry }) {
  return (
    <>
      <Group justify="space-between" mb={6}>
        <Text size="xs" className="mono">
          {`${key || text.run} · ${at.replace("T", " ").replace("Z", " UTC")}`}
        </Text>
        <CopyButton value={location.href}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? common.copied : text.copyLink}
            </Button>
          )}
        </CopyButton>
      </Group>
      {encoding === "json" ? (
        <JsonView value={payload} open={2} />
      ) : (
        <>
          <Text size="sm">{text.encodings[encoding]}</Text>
          {(encoding === "text" || encoding === "base64") && <LongText value={String(payload ?? "")} />}
        </>
      )}
    </>
  );
}
