/** Which workflows customers can talk with: those whose input has room for a message. The server looks closer. */
const GIVEN = ["text", "sender", "channel"];

interface Input {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

interface Named {
  readonly name: string;
  readonly input_schema: unknown;
}

/** Whether an input can be a text with its sender and the channel by which it came. */
export function takesMessages(schema: unknown): boolean {
  const { type, properties = {}, required = [] } = (schema ?? {}) as Input;
  if (type !== "object") return false;
  return GIVEN.every((name) => name in properties) && required.every((name) => GIVEN.includes(name));
}

/** The names of the workflows that customers can talk with, each once. */
export function talkative(workflows: readonly Named[]): string[] {
  const names = workflows.filter(({ input_schema }) => takesMessages(input_schema)).map(({ name }) => name);
  return [...new Set(names)];
}

/** What is an e-mail address at first sight. */
export function isAddress(said: string): boolean {
  return /^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(said.trim());
}
