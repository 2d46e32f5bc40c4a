/** The versions of a prompt with what calls came to that were made with them. */
import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { useAddress } from "@/kit/address";
import { countText, dollarsText, millisecondsText, percentText } from "@/kit/figures";
import { type Column, Listing, RowActions } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { More } from "@/kit/more";
import { Loaded } from "@/kit/states";
import { dialogs } from "@/strings/dialogs";
import { prompts as text } from "@/strings/prompts";
import { useVersions } from "./use-versions";

interface VersionsProps {
  readonly prompt: Schema<"PromptShown">;
  readonly part: string;
}

interface Shown {
  readonly id: string;
  /** What the API calls it by. */
  readonly ref: string;
  readonly labels: readonly string[];
  readonly made_by?: string | null;
  readonly created_at?: string | null;
  readonly note?: string;
  readonly used?: Schema<"VersionUse"> | null;
}

export function Versions({ prompt, part }: VersionsProps) {
  const query = useVersions(part);
  const actions = (version: Shown) => <Actions version={version} isComparable={prompt.production !== null} />;
  return (
    <Loaded query={query}>
      {({ pages }) => (
        <Stack>
          <Text size="sm" c="dimmed">
            {text.figures}
          </Text>
          <Listing
            label={text.tabs.versions}
            columns={[...COLUMNS, { header: dialogs.actions, cell: actions }]}
            rows={[...ownOf(pages), ...shippedOf(prompt)]}
            keyOf={({ id }) => id}
            width={1040}
            testId="versions-table"
            rowTestId={({ ref }) => `version-${ref}`}
          />
          <More query={query} />
        </Stack>
      )}
    </Loaded>
  );
}

function ownOf(pages: readonly Schema<"Page_VersionSummary_">[]): Shown[] {
  return pages.flatMap(({ items }) => items).map((one) => ({ ...one, ref: String(one.number ?? one.id) }));
}

function shippedOf({ shipped, pointers, used, production }: Schema<"PromptShown">): Shown[] {
  if (!shipped) return [];
  const labels = pointers.filter(({ version }) => version === shipped).map(({ label }) => label);
  const isProduction = production === shipped && !labels.includes("production");
  return [
    {
      id: shipped,
      ref: "file",
      labels: isProduction ? ["production", ...labels] : labels,
      used: used.find(({ version }) => version === shipped) ?? null,
    },
  ];
}

const COLUMNS: readonly Column<Shown>[] = [
  { header: text.versionField, isName: true, cell: (version) => <Name version={version} /> },
  { header: text.made, cell: (version) => <Made version={version} /> },
  figure(text.calls, ({ calls }) => countText(calls)),
  figure(text.validity, ({ valid, invalid }) =>
    percentText(valid + invalid === 0 ? null : valid / (valid + invalid)),
  ),
  figure(text.repairs, ({ repairs }) => countText(repairs)),
  figure(text.tokens, ({ input_tokens, output_tokens }) => countText(input_tokens + output_tokens)),
  figure(text.cost, ({ cost }) => dollarsText(cost)),
  figure(text.latency, ({ latency_p50_ms }) => millisecondsText(latency_p50_ms)),
  figure(text.rating, ({ rating, ratings }) =>
    rating === null || rating === undefined
      ? text.unused
      : text.ratingOf(rating.toFixed(2), countText(ratings)),
  ),
];

/** A figure of what calls came to that were made with a version. */
function figure(header: string, told: (used: Schema<"VersionUse">) => string): Column<Shown> {
  return { header, className: "numeric", cell: ({ used }) => (used ? told(used) : text.unused) };
}

function nameOf({ id, ref }: Shown): string {
  return text.version(id.startsWith("file") ? id : ref);
}

function Name({ version }: { readonly version: Shown }) {
  return (
    <>
      <Group gap={6}>
        <Text span inherit style={{ whiteSpace: "nowrap" }}>
          {nameOf(version)}
        </Text>
        {version.labels.map((label) => (
          <Badge key={label} variant="light">
            {label}
          </Badge>
        ))}
      </Group>
      {version.note && (
        <Text size="xs" c="dimmed">
          {version.note}
        </Text>
      )}
    </>
  );
}

function Made({ version: { created_at, made_by } }: { readonly version: Shown }) {
  return (
    <>
      {created_at ? <Moment at={created_at} /> : text.file}
      {made_by && (
        <Text size="xs" c="dimmed">
          {made_by}
        </Text>
      )}
    </>
  );
}

interface ActionsProps {
  readonly version: Shown;
  /** Whether there is one in production to compare with. */
  readonly isComparable: boolean;
}

function Actions({ version, isComparable }: ActionsProps) {
  const { set } = useAddress();
  const name = nameOf(version);
  return (
    <RowActions>
      <Button
        size="xs"
        variant="subtle"
        aria-label={text.showVersion(name)}
        onClick={() => set({ tab: "version", version: version.ref })}
      >
        {text.show}
      </Button>
      {isComparable && (
        <Button
          size="xs"
          variant="subtle"
          aria-label={text.compareVersion(name)}
          onClick={() => set({ tab: "diff", before: "production", after: version.ref })}
        >
          {text.compare}
        </Button>
      )}
    </RowActions>
  );
}
