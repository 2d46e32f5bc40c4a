/** The end of an id, in which ids of the same time differ; the whole of it on hover, and copied by a button. */
import { ActionIcon, CopyButton, Group, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { common } from "@/strings/common";
import { run as text } from "@/strings/run";

export function CopyId({ id }: { readonly id: string }) {
  return (
    <Group gap={2} wrap="nowrap">
      <Tooltip label={id}>
        <span className="mono">{id.slice(-12)}</span>
      </Tooltip>
      <CopyButton value={id}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? common.copied : common.copy}>
            <ActionIcon size="sm" variant="subtle" color="gray" onClick={copy} aria-label={text.copyId(id)}>
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
