/** The files that a run has made: the whole as one, if there is such, and each by itself. */
import { ActionIcon, Button, Group, Menu } from "@mantine/core";
import { IconChevronDown, IconDownload } from "@tabler/icons-react";
import type { Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { run as text } from "@/strings/run";

type Artifact = Schema<"Artifact">;

/** The archive, if there is one; else the first file. */
export function mainOf(artifacts: readonly Artifact[]): Artifact | undefined {
  const isArchive = ({ name, media_type }: Artifact) =>
    media_type === "application/zip" || name.toLowerCase().endsWith(".zip");
  return artifacts.find(isArchive) ?? artifacts[0];
}

export function contentOf({ id }: Artifact): string {
  return `/api/v1/artifacts/${id}/content?download=true`;
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** A size in the largest unit of which there is at least one. */
export function sizeOf(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(undefined, {
    style: "unit",
    unit: UNITS[power],
    unitDisplay: "short",
    maximumFractionDigits: 1,
  }).format(bytes / 1_000 ** power);
}

export function Download({ artifacts }: { readonly artifacts: readonly Artifact[] }) {
  const can = useCan();
  const main = mainOf(artifacts);
  if (main === undefined || !can("artifacts:read")) return null;
  return (
    <Group gap={4} wrap="nowrap">
      <Button
        component="a"
        href={contentOf(main)}
        download={main.name}
        leftSection={<IconDownload size={16} />}
        data-testid="download-artifacts"
      >
        {text.artifacts.download(main.name)}
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label={text.artifacts.all}>
            <IconChevronDown size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown mah={360} style={{ overflowY: "auto" }}>
          <Menu.Label>{text.artifacts.all}</Menu.Label>
          {artifacts.map((artifact) => (
            <Menu.Item key={artifact.id} component="a" href={contentOf(artifact)} download={artifact.name}>
              {text.artifacts.size(artifact.name, sizeOf(artifact.size))}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
