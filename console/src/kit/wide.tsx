/** What may be wider than a phone: it scrolls by itself, also by keys, and the page does not. */
import { Table } from "@mantine/core";
import type { ReactNode } from "react";

interface WideProps {
  /** What a screen reader calls it. */
  readonly label: string;
  /** The width in pixels under which it scrolls. */
  readonly width: number;
  readonly children: ReactNode;
}

export function Wide({ label, width, children }: WideProps) {
  return (
    <Table.ScrollContainer minWidth={width} type="native" role="region" aria-label={label} tabIndex={0}>
      {children}
    </Table.ScrollContainer>
  );
}
