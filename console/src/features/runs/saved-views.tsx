/** Views that a person has given a name; they are kept in this browser only, and the menu says so. */
import { ActionIcon, Alert, Button, Group, Popover, Stack, Text, TextInput } from "@mantine/core";
import { IconBookmark, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { common } from "@/strings/common";
import { runs as text } from "@/strings/runs";
import { NO_FILTERS, type View } from "./filters";
import { keepViews, keptViews } from "./kept-views";
import type { Change } from "./use-view";

export function SavedViews({ view, change }: { readonly view: View; readonly change: Change }) {
  const [views, setViews] = useState(keptViews);
  const [name, setName] = useState("");
  const [isKept, setKept] = useState(true);
  function set(next: ReturnType<typeof keptViews>) {
    setKept(keepViews(next));
    setViews(next);
  }
  function save() {
    if (name.trim() === "") return;
    set([...views.filter((kept) => kept.name !== name.trim()), { name: name.trim(), view }]);
    setName("");
  }
  return (
    <Popover position="bottom-start" width={300} trapFocus>
      <Popover.Target>
        <Button variant="default" size="xs" leftSection={<IconBookmark size={14} />}>
          {text.views}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={text.views}>
        <Stack gap="xs">
          <Text size="xs" c="dimmed">
            {text.viewsHint}
          </Text>
          {views.length === 0 && <Text size="sm">{text.noViews}</Text>}
          {views.map((kept) => (
            <Group key={kept.name} justify="space-between" wrap="nowrap" gap="xs">
              <Button
                variant="subtle"
                size="compact-sm"
                justify="flex-start"
                flex={1}
                onClick={() => change({ ...NO_FILTERS, ...kept.view })}
              >
                {kept.name}
              </Button>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={text.removeView(kept.name)}
                onClick={() => set(views.filter((other) => other !== kept))}
              >
                <IconTrash size={14} />
              </ActionIcon>
            </Group>
          ))}
          <TextInput
            label={text.viewName}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Enter" && save()}
            maxLength={60}
          />
          <Button size="xs" onClick={save} disabled={name.trim() === ""} aria-label={text.saveView}>
            {common.save}
          </Button>
          {!isKept && <Alert color="amber">{text.viewNotKept}</Alert>}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
