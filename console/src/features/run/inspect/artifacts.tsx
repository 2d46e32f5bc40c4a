/** What a run has made: each artifact with its size, type and digest, to look at and to download. */
import { ActionIcon, Box, Button, CopyButton, Group, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconDownload } from "@tabler/icons-react";
import { bytesText } from "@/kit/bytes";
import { Nothing } from "@/kit/states";
import { common } from "@/strings/common";
import { inspect } from "@/strings/inspect";
import type { RunTabProps } from "../tab";
import classes from "./artifacts.module.css";
import { type Artifact, Preview } from "./preview";
import split from "./split.module.css";
import { contentOf } from "./use-content";
import { useParams } from "./use-param";

const text = inspect.artifacts;
const ENDED = new Set(["completed", "failed", "cancelled"]);

export default function ArtifactsTab({ run }: RunTabProps) {
  const [read, choose] = useParams();
  const { artifacts } = run;
  if (artifacts.length === 0)
    return <Nothing title={text.none} hint={ENDED.has(run.status) ? text.noneEver : text.noneHint} />;
  const wanted = read("artifact");
  const chosen = artifacts.find(({ id }) => id === (wanted ?? artifacts[0]?.id));
  return (
    <Box className={split.list ?? ""} data-open>
      <Stack component="ul" gap="xs" className={classes.list ?? ""} aria-label={text.list}>
        {artifacts.map((artifact) => (
          <li key={artifact.id}>
            <Item
              artifact={artifact}
              isChosen={artifact === chosen}
              onChoose={() => choose({ artifact: artifact.id, path: undefined })}
            />
          </li>
        ))}
      </Stack>
      <Box component="section" miw={0} aria-label={chosen?.name ?? text.list} data-testid="artifact-preview">
        {chosen ? (
          <Stack gap="sm">
            <Title order={2} size="h4">
              {chosen.name}
            </Title>
            <Preview key={chosen.id} artifact={chosen} />
          </Stack>
        ) : (
          <Nothing title={text.missing} hint={text.choose} />
        )}
      </Box>
    </Box>
  );
}

interface ItemProps {
  readonly artifact: Artifact;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function Item({ artifact, isChosen, onChoose }: ItemProps) {
  const { id, name, media_type, size, sha256 } = artifact;
  return (
    <div className={classes.item} data-chosen={isChosen} data-testid="artifact">
      <button
        type="button"
        className={classes.choose}
        aria-current={isChosen ? "true" : undefined}
        onClick={onChoose}
      >
        {name}
      </button>
      <Text size="xs" c="dimmed">
        {`${bytesText(size)} · ${media_type}`}
      </Text>
      <Group justify="space-between" wrap="nowrap" gap={4}>
        <Tooltip label={sha256}>
          <Text size="xs" c="dimmed" className="mono" truncate>
            {text.digest} {sha256}
          </Text>
        </Tooltip>
        <CopyButton value={sha256}>
          {({ copied, copy }) => (
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              onClick={copy}
              aria-label={copied ? common.copied : text.copyDigest}
            >
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          )}
        </CopyButton>
      </Group>
      <Button
        component="a"
        href={`${contentOf(id)}?download=true`}
        download={name}
        size="compact-xs"
        variant="default"
        aria-label={text.download(name)}
        leftSection={<IconDownload size={13} />}
      >
        {common.download}
      </Button>
    </div>
  );
}
