/** How an entry stands to its proof: a badge, and below it what was checked, in words. */
import { Alert, Badge, Button, Group, List, Stack, Text, ThemeIcon, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCheck,
  IconHelp,
  IconHourglass,
  IconShieldCheck,
  IconX,
} from "@tabler/icons-react";
import { Copyable } from "@/kit/copyable";
import { Moment } from "@/kit/moments";
import { Failure } from "@/kit/states";
import { audit as text } from "@/strings/audit";
import { CHECKS, type Result, type Verdict } from "./proof";
import type { ProofState, Proved } from "./use-proof";

const COLOURS: Record<ProofState, string> = {
  verifying: "gray",
  verified: "green",
  included: "amber",
  waiting: "gray",
  broken: "red",
  unknown: "amber",
};

const ICONS: Record<ProofState, typeof IconCheck> = {
  verifying: IconHourglass,
  verified: IconShieldCheck,
  included: IconShieldCheck,
  waiting: IconHourglass,
  broken: IconAlertTriangle,
  unknown: IconHelp,
};

export function ProofBadge({ state }: { readonly state: ProofState }) {
  const Icon = ICONS[state];
  return (
    <Tooltip label={text.badgeHint[state]} multiline maw={360}>
      <Badge
        color={COLOURS[state]}
        variant="light"
        size="lg"
        leftSection={<Icon size={14} />}
        data-testid="proof-badge"
        data-state={state}
        role="status"
      >
        {text.badge[state]}
      </Badge>
    </Tooltip>
  );
}

export function ProofView({ proved }: { readonly proved: Proved }) {
  const { state, verdict, head, error, again } = proved;
  return (
    <Stack gap="xs" component="section" aria-label={text.checksTitle}>
      <Group justify="space-between">
        <ProofBadge state={state} />
        <Button variant="default" size="compact-sm" onClick={again}>
          {text.again}
        </Button>
      </Group>
      {state === "broken" ? (
        <Alert color="red" title={text.brokenTitle} role="alert" icon={<IconAlertTriangle size={18} />}>
          {text.badgeHint.broken}
        </Alert>
      ) : (
        <Text size="sm" c="dimmed">
          {text.badgeHint[state]}
        </Text>
      )}
      {error !== null && error !== undefined && state !== "waiting" && (
        <Failure error={error} retry={again} />
      )}
      {verdict && <Checks verdict={verdict} />}
      {head && (
        <Text size="sm" component="div">
          {text.treeOf(head.size)} <Moment at={head.at} />
          <br />
          <Tooltip label={text.keyHint} multiline maw={360}>
            <span>{text.keyIs}</span>
          </Tooltip>{" "}
          <Copyable value={head.key_id} shown={16} />
        </Text>
      )}
    </Stack>
  );
}

const MARKS: Record<Result, { colour: string; icon: typeof IconCheck }> = {
  holds: { colour: "green", icon: IconCheck },
  fails: { colour: "red", icon: IconX },
  unchecked: { colour: "amber", icon: IconHelp },
};

function Checks({ verdict }: { readonly verdict: Verdict }) {
  return (
    <>
      <List size="sm" spacing={4} center data-testid="proof-checks" listStyleType="none">
        {CHECKS.map((name) => {
          const result = verdict.results[name];
          const { colour, icon: Icon } = MARKS[result];
          return (
            <List.Item
              key={name}
              data-check={name}
              data-result={result}
              icon={
                <ThemeIcon color={colour} variant="light" size={20} radius="xl" aria-hidden>
                  <Icon size={14} />
                </ThemeIcon>
              }
            >
              {text.checks[name]}
              {": "}
              <Text span fw={600} size="sm">
                {text.results[result]}
              </Text>
            </List.Item>
          );
        })}
      </List>
      {verdict.signed === "unsupported" && <Text size="sm">{text.unsupported}</Text>}
      {verdict.signed === "other-key" && <Text size="sm">{text.otherKey}</Text>}
    </>
  );
}
