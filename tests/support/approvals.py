"""Approvals in memory: a governor whose policy a test can change, and people who decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from pydantic import BaseModel

from pilothouse import Context, Money, Refused, tool, workflow
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.governing import Action, Decision, Requirement, Testimony, Verdict
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.questions import ApprovalVerdict, Given, Reply
from support.rehearsal import Rehearsal


class Refund(BaseModel):
    """What is paid back, and to whom."""

    order: str
    cents: int


class Till:
    """What was really paid, and a workflow that pays one refund."""

    def __init__(self, *, idempotent: bool = True) -> None:
        self.paid: list[Refund] = []

        @tool(cost=lambda refund: Money(refund.cents / 100, "EUR"), idempotent=idempotent)
        async def pay(ctx: Context, refund: Refund) -> int:
            self.paid.append(refund)
            return refund.cents

        @workflow("refunds")
        async def flow(ctx: Context, cents: int) -> str:
            try:
                return f"paid {await ctx.act(pay, Refund(order='A1', cents=cents))}"
            except Refused as error:
                return error.message

        self.pay, self.flow = pay, flow


class Policy:
    """A governor that requires what a test says, and remembers what it was told."""

    def __init__(self, *requirements: Requirement, deny: str | None = None) -> None:
        self.requirements, self.deny = requirements, deny
        self.recorded: list[tuple[Action, Decision]] = []
        self.settled: list[bool] = []
        self.testified: list[Testimony] = []
        self.kept_by: list[str] = []

    async def decide(self, action: Action) -> Decision:
        if self.deny is not None:
            return Decision(verdict=Verdict.DENY, reasons=(self.deny,), policies=("p0",))
        if self.requirements:
            return Decision(
                verdict=Verdict.APPROVAL,
                reasons=("Refunds are approved.",),
                policies=("p1",),
                requirements=self.requirements,
            )
        return Decision(verdict=Verdict.ALLOW)

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        self.recorded.append((action, decision))
        return ()

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        self.settled.append(succeeded)
        return ()

    async def witness(self, testimony: Testimony) -> Sequence[Statement]:
        self.testified.append(testimony)
        return [Statement(sql, (testimony.what,)) for sql in self.kept_by]


def asked(run: Rehearsal, key: str) -> dict[str, Any]:
    """What the question `key` says."""
    found = [entry for entry in run.entries if (entry.kind, entry.key) == (Kind.ASKED, key)]
    return dict(orjson.loads(decode(found[-1].codec, found[-1].payload)))


def given(run: Rehearsal, key: str, verdict: str = "approve", **said: Any) -> Given:
    """A decision about the action of an open question, as the API takes it."""
    question = asked(run, key)
    return Given(
        verdict=ApprovalVerdict(verdict),
        digest=said.pop("digest", question["approval"]["digest"]),
        question=said.pop("question", key),
        role=question.get("role"),
        **said,
    )


def decide(run: Rehearsal, key: str, verdict: str = "approve", *, by: str = "grace", **said: Any) -> None:
    """A person decides about the action of an open question."""
    told = given(run, key, verdict, **said)
    reply = Reply(answer=told.verdict.value, by=by, approval=told)
    run.event(Entry(Kind.ANSWERED, key, reply.model_dump_json().encode()))


def rehearsal(till: Till, policy: Policy, cents: int = 500) -> Rehearsal:
    """A run of one refund under a policy."""
    run = Rehearsal(till.flow, cents, governor=policy)
    run.services = replace(run.services, witness=policy)
    return run


async def waiting(till: Till, policy: Policy, cents: int = 500) -> Rehearsal:
    """A run that waits for its approvals."""
    run = rehearsal(till, policy, cents)
    if await run.until_waiting() != "waiting":
        raise AssertionError(f"it does not wait: {run.shown}")
    return run
