/** A JSON value as a tree that is opened where it is of interest. Long lists and texts are shown in part. */
import { useState } from "react";
import { json as text } from "@/strings/json";
import classes from "./json-view.module.css";

/** Members of an object or a list that are shown at once. */
const PAGE = 100;
/** Characters of a text that are shown at once. */
const LONG = 400;

interface JsonViewProps {
  readonly value: unknown;
  /** What it is called; nothing for a value that stands alone. */
  readonly name?: string | undefined;
  /** How many levels are open at first. */
  readonly open?: number;
}

export function JsonView({ value, name, open = 1 }: JsonViewProps) {
  return (
    <div className={classes.root} data-testid="json-view">
      <Value value={value} name={name} open={open} />
    </div>
  );
}

interface ValueProps {
  readonly value: unknown;
  readonly name: string | undefined;
  readonly open: number;
}

function Value({ value, name, open }: ValueProps) {
  return isBranch(value) ? (
    <Branch value={value} name={name} open={open} />
  ) : (
    <div className={classes.line}>
      {name !== undefined && <Name name={name} />}
      <Leaf value={value} />
    </div>
  );
}

type Members = readonly unknown[] | Readonly<Record<string, unknown>>;

function isBranch(value: unknown): value is Members {
  return typeof value === "object" && value !== null;
}

function Branch({ value, name, open }: ValueProps & { readonly value: Members }) {
  const [isOpen, setOpen] = useState(open > 0);
  const [shown, setShown] = useState(PAGE);
  const isList = Array.isArray(value);
  const members = Object.entries(value);
  const summary = isList ? text.items(members.length) : text.keys(members.length);
  if (members.length === 0) {
    return (
      <div className={classes.line}>
        {name !== undefined && <Name name={name} />}
        <span className={classes.faint}>{isList ? "[]" : "{}"}</span>
      </div>
    );
  }
  return (
    <div>
      <button
        type="button"
        className={classes.toggle}
        aria-expanded={isOpen}
        aria-label={`${text.expand(name ?? text.root)}, ${summary}`}
        onClick={() => setOpen(!isOpen)}
      >
        <span className={classes.arrow} aria-hidden />
        {name !== undefined && <Name name={name} />}
        <span className={classes.faint}>{isList ? `[${summary}]` : `{${summary}}`}</span>
      </button>
      {isOpen && (
        <ul className={classes.members}>
          {members.slice(0, shown).map(([key, member]) => (
            <li key={key}>
              <Value value={member} name={key} open={open - 1} />
            </li>
          ))}
          {members.length > shown && (
            <li>
              <button type="button" className={classes.more} onClick={() => setShown(shown + 10 * PAGE)}>
                {text.more(members.length - shown)}
              </button>
            </li>
          )}
        </ul>
      )}
    </div>
  );
}

function Name({ name }: { readonly name: string }) {
  return <span className={classes.name}>{`${name}: `}</span>;
}

function Leaf({ value }: { readonly value: unknown }) {
  const [isWhole, setWhole] = useState(false);
  if (typeof value !== "string")
    return <span className={classes.scalar}>{JSON.stringify(value ?? null)}</span>;
  const isLong = value.length > LONG && !isWhole;
  return (
    <>
      <span className={classes.string}>{isLong ? `"${value.slice(0, LONG)}…` : `"${value}"`}</span>
      {isLong && (
        <button type="button" className={classes.more} onClick={() => setWhole(true)}>
          {text.whole}
        </button>
      )}
    </>
  );
}
