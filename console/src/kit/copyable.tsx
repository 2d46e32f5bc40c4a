/** A text that one may want elsewhere: an id, a digest, a whole JSON; shown in short where it is long. */
import { ActionIcon, Code, CopyButton, Group, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { common as text } from "@/strings/common";

interface CopyableProps {
  readonly value: string;
  /** Characters that are shown; all of them without it. */
  readonly shown?: number;
}

export function Copyable({ value, shown }: CopyableProps) {
  const short = shown !== undefined && value.length > shown ? `${value.slice(0, shown)}…` : value;
  return (
    <Group gap={2} wrap="nowrap" component="span" display="inline-flex" maw="100%">
      <Tooltip label={value} disabled={short === value} multiline maw={480}>
        <Code style={{ overflowWrap: "anywhere" }}>{short}</Code>
      </Tooltip>
      <CopyValue value={value} />
    </Group>
  );
}

/** The button alone. */
export function CopyValue({ value, label = text.copy }: { readonly value: string; readonly label?: string }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? text.copied : label}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            onClick={copy}
            aria-label={copied ? text.copied : label}
          >
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
