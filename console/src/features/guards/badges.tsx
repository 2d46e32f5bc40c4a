/** What is done about a finding, and how bad it is; in words and colours. */
import { Badge } from "@mantine/core";
import { guards as text } from "@/strings/guards";

const ACTS: Readonly<Record<string, string>> = {
  allow: "gray",
  observed: "gray",
  flag: "amber",
  mask: "pilot",
  block: "red",
};
const SEVERITIES: Readonly<Record<string, string>> = {
  low: "gray",
  medium: "amber",
  high: "red",
  critical: "red",
};

export function ActBadge({ act }: { readonly act: string }) {
  const said: Readonly<Record<string, string>> = text.acts;
  return (
    <Badge variant="light" color={ACTS[act] ?? "gray"} size="sm">
      {said[act] ?? act}
    </Badge>
  );
}

export function SeverityBadge({ severity }: { readonly severity: string }) {
  const said: Readonly<Record<string, string>> = text.severities;
  return (
    <Badge variant="light" color={SEVERITIES[severity] ?? "gray"} size="sm">
      {said[severity] ?? severity}
    </Badge>
  );
}
