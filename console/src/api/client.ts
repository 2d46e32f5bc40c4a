/** The one way to the API: typed by the OpenAPI document, with the session's CSRF token, and with errors thrown. */
import createFetchClient, { type Middleware } from "openapi-fetch";
import createQueryClient from "openapi-react-query";
import { ApiError, problemOf, Unreachable } from "./problem";
import type { components, paths } from "./schema.gen";

/** What the API calls things: `Schema<"Run">`. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** The token that the server expects with every change; it left it in a cookie for pages of its own origin. */
export function csrfToken(cookies = document.cookie): string | undefined {
  for (const pair of cookies.split(";")) {
    const [name, value] = pair.trim().split("=", 2);
    if (name === "ph_csrf" || name === "__Host-ph_csrf") return value;
  }
  return undefined;
}

/** Send whoever is not signed in to the sign-in page, and back here afterwards. */
export function signIn(): void {
  const here = location.pathname + location.search;
  location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
}

const governed: Middleware = {
  onRequest({ request }) {
    const token = csrfToken();
    if (!SAFE.has(request.method) && token) request.headers.set("X-CSRF-Token", token);
    return request;
  },
  async onResponse({ response }) {
    if (response.ok || response.status === 304) return response;
    if (response.status === 401) signIn();
    throw new ApiError(await problemOf(response));
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return new Unreachable(error instanceof Error ? error.message : String(error));
  },
};

export const client = createFetchClient<paths>({
  baseUrl: location.origin,
  fetch: (request) => fetch(request), // that of the moment, which tests put another in place of
});
client.use(governed);

/** Queries and mutations of TanStack Query: `$api.useQuery("get", "/api/v1/runs", …)`. */
export const $api = createQueryClient(client);

/** A key for one intended change, so that sending it again does it once. */
export function idempotencyKey(): string {
  return crypto.randomUUID();
}
