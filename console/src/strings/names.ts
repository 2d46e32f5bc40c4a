/** What the screens and the parts of the navigation are called. */
export const names = {
  start: "Start",
  runs: "Runs",
  run: "Run",
} as const;

export const groups = {
  work: "Work",
  governance: "Governance",
  models: "Models and prompts",
  operations: "Operations",
  settings: "Settings",
} as const;
