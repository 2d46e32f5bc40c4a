/** What goes wrong when the server is asked: a problem it describes itself, or a server that cannot be reached. */
import { readJson } from "@/kit/json";
import type { components } from "./schema.gen";

export type Problem = components["schemas"]["Problem"];
export type Fault = components["schemas"]["Fault"];

/** The server answered with a problem document (RFC 9457). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** The server gave no answer: the network or the server is away. Asking again may help. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** Whether asking again can help. */
export function isRetryable(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiError && error.problem.retryable);
}

/** The problem that a response carries; one is made of its status where something between has answered. */
export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => "");
  // What is not ours, a proxy's page or nothing, is no problem document.
  const said = readJson(text).value as Partial<Problem> | null | undefined;
  if (typeof said?.detail === "string" && typeof said.code === "string") return said as Problem;
  return {
    type: "about:blank",
    code: "unexpected_answer",
    title: response.statusText || String(response.status),
    detail: `${response.status} ${response.statusText}`.trim(),
    status: response.status,
    instance: new URL(response.url || location.href).pathname,
    request_id: response.headers.get("x-request-id") ?? "",
    retryable: response.status >= 500,
    errors: [],
  };
}
