/** The conversation of a run of the support desk. */
export const support = {
  tab: "Conversation",
  nothing: "Nothing was said yet.",
  nothingHint: "The conversation appears here as soon as the run begins.",
  speakers: { customer: "Customer", desk: "Desk", person: "Colleague" },
  sources: "Sources",
  topic: "Topic",
  urgency: "Urgency",
  language: "Language",
  verified: "Customer",
  isVerified: "verified",
  notVerified: "not verified",
  handedOver: "Handed over",
  handOverHint: "What the colleague was told",
  actions: "What was done",
  action: "Action",
  decision: "Decision",
  outcome: "Outcome",
  at: "At",
  noActions: "Nothing was looked up or changed.",
  verdicts: { allow: "allowed", deny: "denied", require_approval: "needs approval" } as Readonly<
    Record<string, string>
  >,
  outcomes: { done: "done", failed: "failed", open: "under way", asked: "waits for approval" },
} as const;
