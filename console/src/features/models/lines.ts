/** What is typed on the screen of models, as the API takes it. */

/** The models of a text with one on each line; commas part them, too. */
export function modelsOf(lines: string): string[] {
  return lines
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** A dependency's name in an address: with tildes for its slashes. */
export function tilded(name: string): string {
  return name.replaceAll("/", "~");
}
