/** A moment of the API in UTC, as it is told where the viewer's own clock is shown: 2026-11-22 14:02:26.405 UTC. */
export function utcOf(at: string): string {
  return `${new Date(at).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}
