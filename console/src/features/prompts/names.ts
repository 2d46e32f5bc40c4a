/** Names of prompts and of their versions, as addresses and the API write them. */

/** A prompt's name in an address: with tildes for its slashes. */
export function tilded(name: string): string {
  return name.replaceAll("/", "~");
}

export function untilded(part: string): string {
  return part.replaceAll("~", "/");
}

/** What the API calls a version by: its number, or `file` for what an application ships. */
export function refOf(id: string): string {
  return id.startsWith("file") ? "file" : id;
}
