/** Whether a tenant is served, kept, or gone. */
import type { Schema } from "@/api/client";
import { StateBadge } from "@/kit/state-badge";
import { tenants as text } from "@/strings/settings";

const COLOURS = { active: "green", suspended: "amber", erased: "gray" } as const;

export function TenantState({ status }: { readonly status: Schema<"TenantStatus"> }) {
  return <StateBadge state={status} label={text.statuses[status]} color={COLOURS[status]} />;
}
