/** A text as it is, of which a very long one is shown in part until more is wanted. */
import { Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { inspect } from "@/strings/inspect";
import classes from "./code.module.css";

const text = inspect.journal;
const MOST = 20_000;

export function LongText({ value, label }: { readonly value: string; readonly label?: string }) {
  const [isWhole, setWhole] = useState(false);
  const isCut = value.length > MOST && !isWhole;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <section className={classes.text} tabIndex={0} aria-label={label}>
        <pre>{isCut ? value.slice(0, MOST) : value}</pre>
      </section>
      {isCut && (
        <Group gap="xs">
          <Text size="xs" c="dimmed">
            {text.truncated(MOST, value.length)}
          </Text>
          <Button size="compact-xs" variant="default" onClick={() => setWhole(true)}>
            {text.all}
          </Button>
        </Group>
      )}
    </>
  );
}
