/** What somebody may do about a question, as the server's rules say it; the server decides anew. */
import type { Schema } from "@/api/client";
import { inbox as text } from "@/strings/inbox";

type Me = Schema<"Me">;
type Question = Schema<"Question">;

export type Verdict = "approve" | "refuse" | "edit" | "delegate";

export interface May {
  /** Answer it, or refuse its action. */
  readonly answer: boolean;
  /** Approve its action, with other arguments or not. */
  readonly approve: boolean;
  /** Why not, where something is not allowed. */
  readonly why: string | null;
}

const NOBODY_KNOWN: May = { answer: false, approve: false, why: null };

/** The roles of approvers that somebody has, by name. */
export function rolesOf(me: Me | undefined): readonly string[] {
  const prefix = "approver:";
  return (me?.roles ?? []).filter((role) => role.startsWith(prefix)).map((role) => role.slice(prefix.length));
}

export function mayDecide(me: Me | undefined, question: Question): May {
  if (me === undefined) return NOBODY_KNOWN;
  if (!me.permissions.includes("questions:answer")) return { ...NOBODY_KNOWN, why: text.mayNot.answer };
  const { assignee, role } = question;
  if (assignee) {
    if (assignee !== me.principal) return { ...NOBODY_KNOWN, why: text.mayNot.person(assignee) };
  } else if (role && !me.roles.includes("admin") && !rolesOf(me).includes(role)) {
    return { ...NOBODY_KNOWN, why: text.mayNot.role(role) };
  }
  const asked = question.action?.not_requester && question.action.principal === me.principal;
  return { answer: true, approve: !asked, why: asked ? text.mayNot.requester : null };
}
