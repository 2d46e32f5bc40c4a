/** What there is to be killed, by name, as far as the API lists it; any other name can be typed. */
import { $api } from "@/api/client";
import { useCan } from "@/app/session";
import type { Kind } from "./killing";

/** The tenant that looks after the installation. */
export const HOME = "default";

/** Where kill switches are asked for. */
export const LIST = "/api/v1/switches";

export function useNames(kind: Kind): string[] {
  const can = useCan();
  const reads = can("catalogue:read");
  const workflows = $api.useQuery(
    "get",
    "/api/v1/workflows",
    {},
    {
      enabled: reads && kind === "workflow",
    },
  );
  const agents = $api.useQuery("get", "/api/v1/agents", {}, { enabled: reads && kind === "agent" });
  const models = $api.useQuery(
    "get",
    "/api/v1/models",
    {},
    { enabled: can("models:read") && kind === "provider" },
  );
  const tools = $api.useQuery(
    "get",
    "/api/v1/policies/schema",
    {},
    { enabled: can("policies:read") && kind === "tool" },
  );
  if (kind === "workflow") return (workflows.data?.items ?? []).map(({ name }) => name);
  if (kind === "agent") return (agents.data?.items ?? []).map(({ name }) => name);
  if (kind === "provider") return (models.data?.providers ?? []).map(({ name }) => name);
  return kind === "tool" ? toolsOf(tools.data?.cedar ?? "") : [];
}

/** The tools of the policies' schema: each is an action within that of its application. */
export function toolsOf(cedar: string): string[] {
  return [...cedar.matchAll(/^action "([^"]+)" in \["app:/gm)].map((found) => found[1] ?? "").toSorted();
}
