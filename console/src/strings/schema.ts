/** What is wrong with a value by the schema of what a workflow takes. */
export const schema = {
  type: (at: string, type: string) => `${at} must be ${type}.`,
  required: (at: string) => `${at} is missing.`,
  unknown: (at: string) => `${at} is not known to the workflow.`,
  choice: (at: string, choices: string) => `${at} must be one of ${choices}.`,
  least: (at: string, least: string) => `${at} must be at least ${least}.`,
  most: (at: string, most: string) => `${at} must be at most ${most}.`,
  above: (at: string, bound: string) => `${at} must be more than ${bound}.`,
  below: (at: string, bound: string) => `${at} must be less than ${bound}.`,
  shortest: (at: string, least: string) => `${at} must have at least ${least}.`,
  longest: (at: string, most: string) => `${at} must have at most ${most}.`,
  pattern: (at: string, pattern: string) => `${at} must match ${pattern}.`,
  none: (at: string) => `${at} fits none of the forms that it may have.`,
  other: (at: string, fault: string) => `${at}: ${fault}`,
  whole: "The input",
} as const;
