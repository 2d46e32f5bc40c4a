/** Values by name, as JSON where they are more than a word; long ones are cut until all of them is wanted. */
import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { common } from "@/strings/common";
import { run as text } from "@/strings/run";
import style from "./run.module.css";

/** Characters of a value that are shown at first. */
const SHORT = 600;

export function JsonValues({ values }: { readonly values: Readonly<Record<string, unknown>> }) {
  const all = Object.entries(values);
  if (all.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {text.noDetails}
      </Text>
    );
  return (
    <dl className={style.values}>
      {all.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Value written={typeof value === "string" ? value : (JSON.stringify(value, null, 1) ?? "")} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ written }: { readonly written: string }) {
  const [isWhole, setWhole] = useState(false);
  const isCut = !isWhole && written.length > SHORT;
  return (
    <>
      <span className={style.value}>{isCut ? `${written.slice(0, SHORT)}…` : written}</span>
      {isCut && (
        <Button size="compact-xs" variant="light" onClick={() => setWhole(true)}>
          {common.more}
        </Button>
      )}
    </>
  );
}
