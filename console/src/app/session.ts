/** Who looks at the console, and what they may do: the same permissions that the server decides by. */
import { $api, type Schema } from "@/api/client";

export type Permission = `${string}:${string}`;

/** How long it is believed who one is: each change of roles counts on the server at once. */
export const ME_FRESH = { staleTime: 60_000 };

/** The person, key or machine that is signed in; undefined until it is known. */
export function useMe(): Schema<"Me"> | undefined {
  return $api.useQuery("get", "/api/v1/me", {}, ME_FRESH).data;
}

/** Whether something is worth showing: `const can = useCan(); can("runs:operate")`. The server decides anew. */
export function useCan(): (permission: Permission | undefined) => boolean {
  const me = useMe();
  return (permission) => permission === undefined || (me?.permissions.includes(permission) ?? false);
}
