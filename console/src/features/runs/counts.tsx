/** How many runs are in which state; each is a button that filters by it. */
import { Group, Text, UnstyledButton } from "@mantine/core";
import { StatusBadge } from "@/kit/badges";
import { common } from "@/strings/common";
import { runs as text } from "@/strings/runs";
import { STATUSES, type Status, type View } from "./filters";
import classes from "./runs.module.css";
import { useCounts } from "./use-figures";
import type { Change } from "./use-view";

const OPEN = new Set<Status>(["queued", "running", "waiting"]);

export function Counts({ view, change }: { readonly view: View; readonly change: Change }) {
  const counts = useCounts(view.span, view.workflow);
  const toggle = (status: Status) => {
    const others = view.status.filter((item) => item !== status);
    const isChosen = others.length < view.status.length;
    change({
      status: isChosen ? others : STATUSES.filter((item) => item === status || others.includes(item)),
    });
  };
  return (
    <Group gap="xs" role="group" aria-label={text.counts}>
      {STATUSES.map((status) => {
        const count = counts ? (counts.get(status) ?? 0).toLocaleString() : common.unknown;
        return (
          <UnstyledButton
            key={status}
            className={classes.count}
            aria-pressed={view.status.includes(status)}
            onClick={() => toggle(status)}
            data-testid={`status-${status}`}
          >
            <Text component="span" fw={650} className="numeric">
              {counts ? count : text.blank}
            </Text>
            <StatusBadge status={status} />
            <Text component="span" size="xs" c="dimmed">
              {OPEN.has(status) ? text.openNow : text.spans[view.span]}
            </Text>
          </UnstyledButton>
        );
      })}
    </Group>
  );
}
