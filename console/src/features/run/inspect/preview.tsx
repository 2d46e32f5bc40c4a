/** What is in an artifact, as far as a browser can show it. */
import { Box, Button, Text } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { bytesText } from "@/kit/bytes";
import { Loaded } from "@/kit/states";
import { inspect } from "@/strings/inspect";
import { FileView } from "./file-view";
import { contentOf, useContent } from "./use-content";
import classes from "./zip.module.css";
import { asText } from "./zip-tree";
import { ZipView } from "./zip-view";

const text = inspect.artifacts;

export type Artifact = Schema<"Artifact">;
export type Kind = "page" | "picture" | "archive" | "text" | "other";

/** Bytes up to which a preview is made. */
const LIMITS: Readonly<Record<Kind, number>> = {
  page: Number.POSITIVE_INFINITY,
  picture: 20_000_000,
  archive: 20_000_000,
  text: 2_000_000,
  other: Number.POSITIVE_INFINITY,
};
const PICTURES = new Set(["image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"]);
const TEXTUAL =
  /^(text\/|application\/(json|xml|yaml|x-yaml|toml|x-ndjson|sql|javascript)\b|.*\+(json|xml)$)/;
/** What ends a name where only the type says what it is. */
const ENDINGS: Readonly<Record<string, string>> = {
  "text/markdown": "md",
  "text/csv": "csv",
  "application/json": "json",
  "application/yaml": "yaml",
};

export function kindOf({ media_type }: Pick<Artifact, "media_type">): Kind {
  const type = media_type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "text/html") return "page";
  if (PICTURES.has(type)) return "picture";
  if (type === "application/zip") return "archive";
  return TEXTUAL.test(type) ? "text" : "other";
}

/** A name that ends as its type wants it, so that it is shown as what it is. */
export function namedBy({ name, media_type }: Pick<Artifact, "name" | "media_type">): string {
  const ending = ENDINGS[media_type.split(";", 1)[0]?.trim().toLowerCase() ?? ""];
  return ending === undefined || name.toLowerCase().endsWith(`.${ending}`) ? name : `${name}.${ending}`;
}

export function Preview({ artifact }: { readonly artifact: Artifact }) {
  const kind = kindOf(artifact);
  if (artifact.size > LIMITS[kind])
    return <Text c="dimmed">{text.tooLarge(bytesText(artifact.size), bytesText(LIMITS[kind]))}</Text>;
  if (kind === "page") return <PageLink artifact={artifact} />;
  if (kind === "picture")
    return <img src={contentOf(artifact.id)} alt={text.picture(artifact.name)} className={classes.picture} />;
  if (kind === "other") return <Text c="dimmed">{text.noPreview}</Text>;
  return <Fetched artifact={artifact} isArchive={kind === "archive"} />;
}

function PageLink({ artifact }: { readonly artifact: Artifact }) {
  return (
    <Box>
      <Button
        component="a"
        href={contentOf(artifact.id)}
        target="_blank"
        rel="noopener"
        variant="light"
        leftSection={<IconExternalLink size={16} />}
      >
        {text.openPage}
      </Button>
      <Text size="sm" c="dimmed" mt="xs">
        {text.pageHint}
      </Text>
    </Box>
  );
}

interface FetchedProps {
  readonly artifact: Artifact;
  readonly isArchive: boolean;
}

function Fetched({ artifact, isArchive }: FetchedProps) {
  const query = useContent(artifact.id);
  return (
    <Loaded query={query}>
      {(bytes) => (isArchive ? <ZipView bytes={bytes} /> : <Decoded artifact={artifact} bytes={bytes} />)}
    </Loaded>
  );
}

function Decoded({ artifact, bytes }: { readonly artifact: Artifact; readonly bytes: Uint8Array }) {
  const content = useMemo(() => asText(bytes), [bytes]);
  if (content === undefined) return <Text c="dimmed">{text.noPreview}</Text>;
  return <FileView name={namedBy(artifact)} content={content} />;
}
