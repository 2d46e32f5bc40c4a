/** Thumbs: what is pressed is sent, shown, and can be changed; what was typed survives a failure. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Thumbs } from "./thumbs";

const RUN = "0199a1b2-0000-7000-8000-000000000001";
const sent: Record<string, unknown>[] = [];
let fails = false;
let permissions = ["feedback:give", "feedback:read"];

function answer(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}

async function asked(request: Request): Promise<Response> {
  if (request.url.endsWith("/api/v1/me")) return answer({ principal: "user:ann", permissions, roles: [] });
  if (request.method === "GET") return answer({ items: [], next_cursor: null });
  const given = (await request.json()) as Record<string, unknown>;
  sent.push(given);
  if (fails) return answer({ title: "Away", detail: "It is away.", code: "away", errors: [] }, 503);
  return answer({ ...given, id: "1", principal: "user:ann" }, 201);
}

beforeEach(() => {
  sent.length = 0;
  fails = false;
  permissions = ["feedback:give", "feedback:read"];
  vi.stubGlobal("fetch", asked);
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show() {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <MantineProvider>
      <QueryClientProvider client={queries}>
        <Thumbs runId={RUN} step="triage#1" />
      </QueryClientProvider>
    </MantineProvider>,
  );
}

test("a thumb is sent with its step, shown as pressed, and taken back by pressing it again", async () => {
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Good" }));
  await waitFor(() =>
    expect(screen.getByRole("button", { name: "Good" }).getAttribute("aria-pressed")).toBe("true"),
  );
  expect(sent[0]).toMatchObject({ rating: 1, run_id: RUN, step: "triage#1", comment: null });
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe("You said: good."));
  await userEvent.click(screen.getByRole("button", { name: "Good" }));
  await waitFor(() => expect(sent[1]).toMatchObject({ rating: 0 }));
});

test("a comment that could not be sent is still there, with why", async () => {
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Comment" }));
  await userEvent.type(screen.getByRole("textbox"), "Wrong team");
  fails = true;
  await userEvent.click(screen.getByRole("button", { name: "Send the comment" }));
  expect((await screen.findByRole("alert")).textContent).toContain("It is away.");
  expect(screen.getByRole<HTMLTextAreaElement>("textbox").value).toBe("Wrong team");
  fails = false;
  await userEvent.click(screen.getByRole("button", { name: "Send the comment" }));
  await waitFor(() => expect(screen.queryByRole("textbox")).toBeNull());
  expect(screen.getByText("Your comment: Wrong team")).toBeTruthy();
});

test("whoever may not give feedback sees none of it", async () => {
  permissions = ["feedback:read"];
  show();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(screen.queryByTestId("thumbs")).toBeNull();
});
