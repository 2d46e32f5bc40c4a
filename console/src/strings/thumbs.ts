/** Thumbs and a comment on answers and reason cards. */
export const thumbs = {
  group: "Your feedback",
  good: "Good",
  bad: "Bad",
  comment: "Comment",
  commentLabel: "What was good, or what was wrong?",
  send: "Send the comment",
  failed: "Your feedback was not kept.",
  said: (rating: number) => (rating > 0 ? "You said: good." : rating < 0 ? "You said: bad." : ""),
  commented: (comment: string) => `Your comment: ${comment}`,
} as const;
