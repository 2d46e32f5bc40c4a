/** What the server says is wrong with a prompt's text, and at which lines. */

export interface Fault {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

const FAULT = /(?:^|[:;] )line (\d+): (.*?)(?=; line \d+: |$)/gs;

/** The faults that a detail such as `The prompt is not valid: line 3: …; line 6: …` names with a line. */
export function faultsOf(detail: string): Fault[] {
  return [...detail.matchAll(FAULT)].map(([, line, message]) => ({
    line: Number(line),
    message: message ?? "",
  }));
}
