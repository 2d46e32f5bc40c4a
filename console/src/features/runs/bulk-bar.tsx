/** What can be done to the selected runs, or to all that fit; asked once more before it is done. */
import { Button, Group, Menu, Text } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { runs as text } from "@/strings/runs";
import type { Action, Target } from "./bulk";
import { BulkDialog } from "./bulk-dialog";
import { type Body, bodyOf, filtersOf, type View } from "./filters";
import type { Selection } from "./use-selection";

interface BulkBarProps {
  readonly view: View;
  readonly selection: Selection;
  readonly done: () => void;
}

interface Order {
  readonly action: Action;
  readonly target: Target;
}

export function BulkBar({ view, selection, done }: BulkBarProps) {
  const [order, setOrder] = useState<Order>();
  const filter: Body = bodyOf(filtersOf(view));
  const some = (action: Action) => setOrder({ action, target: { kind: "selected", runs: selection.runs } });
  const every = (action: Action) => setOrder({ action, target: { kind: "matching", filter } });
  return (
    <Group gap="xs" mih={30}>
      {selection.count > 0 && (
        <>
          <Text size="sm" data-testid="selected-count">
            {text.selected(selection.count)}
          </Text>
          <Button
            size="xs"
            variant="light"
            color="red"
            onClick={() => some("cancel")}
            data-testid="cancel-selected"
          >
            {text.cancelSelected}
          </Button>
          <Button size="xs" variant="light" onClick={() => some("retry")} data-testid="retry-selected">
            {text.retrySelected}
          </Button>
          <Button size="xs" variant="subtle" onClick={() => selection.set([])}>
            {text.unselect}
          </Button>
        </>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            size="xs"
            variant="default"
            rightSection={<IconChevronDown size={14} />}
            data-testid="for-all"
          >
            {text.forAll}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => every("cancel")} data-testid="cancel-all">
            {text.cancelAll}
          </Menu.Item>
          <Menu.Item onClick={() => every("retry")} data-testid="retry-all">
            {text.retryAll}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {order && (
        <BulkDialog
          action={order.action}
          target={order.target}
          close={() => setOrder(undefined)}
          done={() => {
            selection.set([]);
            done();
          }}
        />
      )}
    </Group>
  );
}
