/** JSON as people write and read it. */

/** What was read, or why it is no JSON. */
export type Read =
  | { readonly value: unknown; readonly fault?: undefined }
  | { readonly value?: undefined; readonly fault: string };

export function readJson(written: string): Read {
  try {
    return { value: JSON.parse(written) as unknown };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

/** JSON over several lines, with the members in the order in which they are. */
export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}
