/** An artifact's bytes. They never change, so that they are fetched once. */
import { useQuery } from "@tanstack/react-query";
import { signIn } from "@/api/client";
import { ApiError, problemOf, Unreachable } from "@/api/problem";

export function contentOf(id: string): string {
  return `/api/v1/artifacts/${id}/content`;
}

export function useContent(id: string) {
  return useQuery({
    queryKey: ["artifact content", id],
    queryFn: ({ signal }) => fetched(contentOf(id), signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    structuralSharing: false,
  });
}

async function fetched(address: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(address, { signal }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw new Unreachable(error instanceof Error ? error.message : String(error));
  });
  if (response.status === 401) signIn();
  if (!response.ok) throw new ApiError(await problemOf(response));
  return new Uint8Array(await response.arrayBuffer());
}
