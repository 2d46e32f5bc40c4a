/** What dialogs, forms and tables with actions say, whatever they are about. */
export const dialogs = {
  notDone: "That was not done.",
  wrongWord: (word: string) => `This has to be exactly ${word}.`,
  actions: "Actions",
  asOf: "As of",
  refresh: "Refresh",
  once: "This is shown once and cannot be shown again. Put it where it is kept before you close this.",
  kept: "I have kept it",
  saved: "Saved",
} as const;
