/** The screen of one run. */
export const run = {
  title: (workflow: string) => `Run of ${workflow}`,
  jobStatus: {
    active: "Processing",
    waiting: "Waiting for you",
    completed: "Completed",
    failed: "Failed",
    cancelled: "Cancelled",
  },
  connection: {
    connecting: "Connecting",
    connected: "Connected",
    reconnecting: "Reconnecting",
    ended: "Connected",
    refused: "Refused",
  },
  cards: "Reason cards",
  noCards: "No reason cards yet.",
  reasoning: "Reasoning",
  inputs: "Inputs",
  outputs: "Outputs",
  alternatives: "Alternatives",
  producedBy: (rung: string) => `by ${rung}`,
} as const;
