/** The tree of a JSON value. */
export const json = {
  keys: (count: number) => (count === 1 ? "1 key" : `${count} keys`),
  items: (count: number) => (count === 1 ? "1 item" : `${count} items`),
  more: (count: number) => `Show ${count.toLocaleString()} more`,
  whole: "Show all of it",
  expand: (name: string) => `Open or close ${name}`,
  root: "the value",
} as const;
