/** The versions of a prompt with what calls came to that were made with them. */
import { Badge, Button, Group, Stack, Table, Text } from "@mantine/core";
import type { Schema } from "@/api/client";
import { useAddress } from "@/kit/address";
import { countText, dollarsText, millisecondsText, percentText } from "@/kit/figures";
import { Moment } from "@/kit/moments";
import { More } from "@/kit/more";
import { Loaded } from "@/kit/states";
import { Wide } from "@/kit/wide";
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
  return (
    <Loaded query={query}>
      {({ pages }) => (
        <Stack>
          <VersionTable
            versions={[...ownOf(pages), ...shippedOf(prompt)]}
            isComparable={prompt.production !== null}
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

const HEADS = [
  text.made,
  text.calls,
  text.validity,
  text.repairs,
  text.tokens,
  text.cost,
  text.latency,
  text.rating,
];

interface VersionTableProps {
  readonly versions: readonly Shown[];
  /** Whether there is one in production to compare with. */
  readonly isComparable: boolean;
}

function VersionTable({ versions, isComparable }: VersionTableProps) {
  return (
    <>
      <Text size="sm" c="dimmed">
        {text.figures}
      </Text>
      <Wide label={text.tabs.versions} width={1040}>
        <Table striped data-testid="versions-table">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{text.versionField}</Table.Th>
              {HEADS.map((head) => (
                <Table.Th key={head}>{head}</Table.Th>
              ))}
              <Table.Td />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {versions.map((version) => (
              <Row key={version.id} version={version} isComparable={isComparable} />
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </>
  );
}

function Row({ version, isComparable }: { readonly version: Shown; readonly isComparable: boolean }) {
  const { set } = useAddress();
  const { id, ref, labels, made_by, created_at, note, used } = version;
  const name = text.version(id.startsWith("file") ? id : ref);
  return (
    <Table.Tr data-testid={`version-${ref}`}>
      <Table.Th scope="row">
        <Group gap={6}>
          <Text span inherit style={{ whiteSpace: "nowrap" }}>
            {name}
          </Text>
          {labels.map((label) => (
            <Badge key={label} variant="light">
              {label}
            </Badge>
          ))}
        </Group>
        {note && (
          <Text size="xs" c="dimmed">
            {note}
          </Text>
        )}
      </Table.Th>
      <Table.Td>
        {created_at ? <Moment at={created_at} /> : text.file}
        {made_by && (
          <Text size="xs" c="dimmed">
            {made_by}
          </Text>
        )}
      </Table.Td>
      {figuresOf(used).map((figure, index) => (
        <Table.Td key={HEADS[index + 1]} className="numeric">
          {figure}
        </Table.Td>
      ))}
      <Table.Td>
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <Button
            size="xs"
            variant="subtle"
            aria-label={text.showVersion(name)}
            onClick={() => set({ tab: "version", version: ref })}
          >
            {text.show}
          </Button>
          {isComparable && (
            <Button
              size="xs"
              variant="subtle"
              aria-label={text.compareVersion(name)}
              onClick={() => set({ tab: "diff", before: "production", after: ref })}
            >
              {text.compare}
            </Button>
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function figuresOf(used: Schema<"VersionUse"> | null | undefined): string[] {
  if (!used) return HEADS.slice(1).map(() => text.unused);
  const typed = used.valid + used.invalid;
  return [
    countText(used.calls),
    percentText(typed === 0 ? null : used.valid / typed),
    countText(used.repairs),
    countText(used.input_tokens + used.output_tokens),
    dollarsText(used.cost),
    millisecondsText(used.latency_p50_ms),
    used.rating === null || used.rating === undefined
      ? text.unused
      : text.ratingOf(used.rating.toFixed(2), countText(used.ratings)),
  ];
}
