import { expect, test } from "vitest";
import type { Schema } from "@/api/client";
import { mayDecide, rolesOf } from "./may";

const ME = "person:00000000-0000-7000-8000-000000000001";

function me(...roles: string[]): Schema<"Me"> {
  const permissions = roles.includes("viewer") ? ["questions:read"] : ["questions:read", "questions:answer"];
  return { principal: ME, tenant_id: "default", roles, permissions, engagement_id: null, person: null };
}

function question(role: string | null, more: object = {}): Schema<"Question"> {
  return { role, assignee: null, action: null, ...more } as Schema<"Question">;
}

const approval = (principal: string, not_requester: boolean) => ({ action: { principal, not_requester } });

test("roles of approvers are told by their names", () => {
  expect(rolesOf(me("operator", "approver", "approver:finance", "approver:legal"))).toEqual([
    "finance",
    "legal",
  ]);
});

test("without a role whoever answers questions may, and a viewer may not", () => {
  expect(mayDecide(me("operator"), question(null)).approve).toBe(true);
  const { answer, why } = mayDecide(me("viewer"), question(null));
  expect([answer, why]).toEqual([false, "Your roles do not allow deciding."]);
});

test("a role takes its approvers or an admin", () => {
  expect(mayDecide(me("approver:finance"), question("finance")).answer).toBe(true);
  expect(mayDecide(me("admin"), question("finance")).answer).toBe(true);
  expect(mayDecide(me("operator", "approver:legal"), question("finance")).why).toContain("approver:finance");
});

test("what is for one person is for nobody else, whatever the roles", () => {
  expect(mayDecide(me("viewer"), question(null, { assignee: ME })).answer).toBe(false);
  expect(mayDecide(me("operator"), question("finance", { assignee: ME })).answer).toBe(true);
  expect(mayDecide(me("admin"), question(null, { assignee: "person:other" })).answer).toBe(false);
});

test("who asked may refuse, and not approve, where the policy says so", () => {
  const own = mayDecide(me("approver:finance"), question("finance", approval(ME, true)));
  expect([own.answer, own.approve]).toEqual([true, false]);
  expect(own.why).toContain("who asks does not approve");
  expect(mayDecide(me("approver:finance"), question("finance", approval(ME, false))).approve).toBe(true);
  expect(mayDecide(me("approver:finance"), question("finance", approval("local", true))).approve).toBe(true);
});
