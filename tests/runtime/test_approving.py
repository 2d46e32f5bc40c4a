"""Actions that take approvals: what people are asked, and what becomes of their answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict

from pilothouse import Context, Denied, tool, workflow
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.governing import Requirement, Verdict
from pilothouse.runtime.questions import QuestionKind, Reply
from support.approvals import Policy, Refund, Till, asked, decide, rehearsal, waiting
from support.rehearsal import Rehearsal

FINANCE = Requirement(role="finance")
LEGAL = Requirement(role="legal")
FIRST, SECOND = "pay#0/approval#0", "pay#0/approval#1"


@pytest.fixture
def till() -> Till:
    return Till()


async def test_an_action_waits_for_its_approval_and_nothing_is_recorded_or_reserved_meanwhile(
    till: Till,
) -> None:
    policy = Policy(FINANCE)
    run = await waiting(till, policy)
    assert (till.paid, policy.recorded, run.open_questions) == ([], [], [FIRST])
    question = asked(run, FIRST)
    assert (question["kind"], question["role"]) == (QuestionKind.APPROVAL, "finance")
    assert question["approval"] | {"digest": ""} == {
        "digest": "",
        "tool": "pay",
        "step": "pay#0",
        "arguments": '{"cents":500,"order":"A1"}',
        "cost": {"amount": "5.0", "currency": "EUR"},
        "workflow": "refunds",
        "agent": None,
        "principal": "ada",
        "marks": [],
        "reasons": ["Refunds are approved."],
        "policies": ["p1"],
        "version": None,
        "requirement": FINANCE.model_dump(),
        "requesters": ["ada"],
        "escalated": False,
        "delegated_by": None,
        "before": None,
        "edited_by": None,
        "note": "",
    }
    decide(run, FIRST)
    assert await run.until_waiting() == "completed"
    assert till.paid == [Refund(order="A1", cents=500)]
    ((action, decision),) = policy.recorded
    assert (action.digest, decision.verdict) == (question["approval"]["digest"], Verdict.ALLOW)
    (dispatched,) = run.payloads(Kind.DISPATCH)
    assert dispatched["digest"] == action.digest
    assert dispatched["approvals"] == [{"roles": ["finance"], "by": "grace", "question": FIRST}]
    assert [told.what for told in policy.testified] == ["asked"]
    assert await run.replay() == "paid 500"
    assert len(till.paid) == 1


async def test_each_role_that_is_required_is_asked_and_both_have_to_approve(till: Till) -> None:
    run = await waiting(till, Policy(FINANCE, LEGAL))
    assert run.open_questions == [FIRST, SECOND]
    decide(run, SECOND)
    assert (await run.until_waiting(), run.open_questions, till.paid) == ("waiting", [FIRST], [])
    decide(run, FIRST)
    assert await run.until_waiting() == "completed"


async def test_an_approval_that_was_lost_before_the_dispatch_is_still_there(till: Till) -> None:
    run = await waiting(till, Policy(FINANCE))
    decide(run, FIRST)
    run.lose_next(Kind.DISPATCH)
    assert await run.until_waiting() == "completed"
    assert (len(till.paid), len(run.kinds(Kind.ASKED))) == (1, 1)


async def test_a_refusal_is_raised_with_its_reason_alike_at_every_replay_and_nothing_is_called(
    till: Till,
) -> None:
    policy = Policy(FINANCE, LEGAL)
    run = await waiting(till, policy)
    decide(run, FIRST, "refuse", reason="Not this customer.")
    assert await run.until_waiting() == "completed"
    said = "pay was refused by grace: Not this customer."
    assert run.output == await run.replay() == said
    assert (till.paid, policy.settled) == ([], [])
    assert [decision.verdict for _, decision in policy.recorded] == [Verdict.DENY]
    assert run.kinds(Kind.WITHDRAWN) == [SECOND]


async def test_a_refusal_without_a_reason_says_so(till: Till) -> None:
    run = await waiting(till, Policy(FINANCE))
    decide(run, FIRST, "refuse", by="")
    await run.until_waiting()
    assert run.output == "pay was refused by somebody: no reason was given."


# -- the current policy decides again


async def test_a_policy_that_was_tightened_meanwhile_wins(till: Till) -> None:
    policy = Policy(FINANCE)
    run = await waiting(till, policy)
    policy.requirements = (FINANCE, LEGAL)
    decide(run, FIRST)
    assert (await run.until_waiting(), run.open_questions, till.paid) == ("waiting", [SECOND], [])
    assert asked(run, SECOND)["role"] == "legal"
    decide(run, SECOND, by="hopper")
    assert await run.until_waiting() == "completed"
    roles = [item["roles"] for item in run.payloads(Kind.DISPATCH)[0]["approvals"]]
    assert roles == [["finance"], ["legal"]]


async def test_a_policy_that_denies_meanwhile_wins_over_an_approval(till: Till) -> None:
    policy = Policy(FINANCE, LEGAL)
    run = await waiting(till, policy)
    policy.deny = "Everything is closed."
    decide(run, FIRST)
    await run.until_waiting()
    assert run.failure.message == "pay was denied: Everything is closed."
    assert (till.paid, run.open_questions) == ([], [])
    assert [decision.verdict for _, decision in policy.recorded] == [Verdict.DENY]


async def test_a_policy_that_was_loosened_or_changed_elsewhere_voids_nothing(till: Till) -> None:
    policy = Policy(FINANCE, LEGAL)
    run = await waiting(till, policy)
    policy.requirements = (FINANCE.model_copy(update={"expires_after": 9}),)
    decide(run, FIRST)
    assert await run.until_waiting() == "completed"
    assert (len(till.paid), run.kinds(Kind.WITHDRAWN)) == (1, [SECOND])


async def test_an_approval_of_the_requester_does_not_stand_once_a_policy_forbids_it(till: Till) -> None:
    policy = Policy(FINANCE)
    run = await waiting(till, policy)
    policy.requirements = (Requirement(role="finance", not_requester=True),)
    decide(run, FIRST, by="ada")
    assert (await run.until_waiting(), run.open_questions, till.paid) == ("waiting", [SECOND], [])
    assert asked(run, SECOND)["approval"]["requirement"]["not_requester"] is True
    decide(run, SECOND, by="grace")
    assert await run.until_waiting() == "completed"


async def test_a_question_that_let_requesters_in_is_replaced_by_one_that_does_not(till: Till) -> None:
    policy = Policy(FINANCE, LEGAL)
    run = await waiting(till, policy)
    policy.requirements = (FINANCE, Requirement(role="legal", not_requester=True))
    decide(run, FIRST)
    await run.until_waiting()
    assert (run.kinds(Kind.WITHDRAWN), run.open_questions) == ([SECOND], ["pay#0/approval#2"])


async def test_an_approval_by_nobody_in_particular_is_a_denial(till: Till) -> None:
    policy = Policy()
    run = rehearsal(till, policy)

    async def vaguely(action: Any) -> Any:
        return (await Policy(FINANCE).decide(action)).model_copy(update={"requirements": ()})

    policy.decide = vaguely
    await run.until_waiting()
    assert "no role is named" in run.failure.message


# -- edits


async def test_an_edited_action_is_decided_anew_and_runs_as_it_was_edited(till: Till) -> None:
    policy = Policy(FINANCE, LEGAL)
    run = await waiting(till, policy)
    decide(run, FIRST, "edit", arguments='{"cents":400,"order":"A1"}')
    assert await run.until_waiting() == "waiting"
    assert (run.kinds(Kind.WITHDRAWN), run.open_questions) == ([SECOND], ["pay#0/approval#2"])
    shown = asked(run, "pay#0/approval#2")["approval"]
    assert (shown["before"], shown["edited_by"]) == ('{"cents":500,"order":"A1"}', "grace")
    assert shown["cost"]["amount"] == "4.0"
    assert shown["digest"] != asked(run, FIRST)["approval"]["digest"]
    decide(run, "pay#0/approval#2", by="hopper")
    run.lose_next(Kind.OUTCOME)
    assert await run.until_waiting() == "completed"
    assert till.paid == [Refund(order="A1", cents=400)] * 2  # idempotent, and called again as it was edited
    assert run.output == await run.replay() == "paid 400"
    assert [action.cost.cents for action, _ in policy.recorded] == [400]


async def test_an_edit_that_the_tool_does_not_take_is_asked_about_again(till: Till) -> None:
    run = await waiting(till, Policy(FINANCE))
    decide(run, FIRST, "edit", arguments='{"cents":"many"}')
    assert (await run.until_waiting(), run.open_questions, till.paid) == ("waiting", [SECOND], [])
    assert "cents" in asked(run, SECOND)["approval"]["note"]
    decide(run, SECOND)
    await run.until_waiting()
    assert till.paid == [Refund(order="A1", cents=500)]


async def test_an_edit_of_a_tool_without_arguments_is_not_taken() -> None:
    @tool
    async def ring(ctx: Context) -> str:
        return "rung"

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.act(ring)

    run = Rehearsal(flow, governor=Policy(FINANCE))
    await run.until_waiting()
    decide(run, "ring#0/approval#0", "edit", arguments="5")
    await run.until_waiting()
    assert "takes no arguments" in asked(run, "ring#0/approval#1")["approval"]["note"]


async def test_an_approval_of_the_version_before_an_edit_is_worth_nothing(till: Till) -> None:
    run = await waiting(till, Policy(FINANCE, LEGAL))
    decide(run, FIRST, "edit", arguments='{"cents":999,"order":"A1"}')
    decide(run, SECOND)  # of the first version
    assert (await run.until_waiting(), till.paid) == ("waiting", [])
    assert asked(run, run.open_questions[0])["role"] == "legal"


async def test_an_edit_that_policy_denies_is_denied(till: Till) -> None:
    policy = Policy(FINANCE)
    run = await waiting(till, policy)
    decide(run, FIRST, "edit", arguments='{"cents":400,"order":"A1"}')
    policy.deny = "Never 4 EUR."
    await run.until_waiting()
    assert run.failure.code == Denied.code


# -- delegation, expiry, escalation


@pytest.mark.parametrize("to", [{"to_role": "legal"}, {"to_assignee": "person:1"}])
async def test_a_delegated_approval_is_asked_of_whom_it_was_delegated_to(till: Till, to: Any) -> None:
    run = await waiting(till, Policy(FINANCE))
    decide(run, FIRST, "delegate", **to)
    assert (await run.until_waiting(), run.open_questions) == ("waiting", [SECOND])
    question = asked(run, SECOND)
    assert (question.get("role"), question.get("assignee")) == (to.get("to_role"), to.get("to_assignee"))
    assert question["approval"]["delegated_by"] == "grace"
    row = next(
        item for item in run.statements if "insert into questions" in item.sql and SECOND in item.parameters
    )
    assert row.parameters[-2:] == (to.get("to_assignee"), to.get("to_role"))
    decide(run, SECOND, by="person:1")
    assert await run.until_waiting() == "completed"


async def test_an_approval_that_nobody_gives_in_time_is_refused(till: Till) -> None:
    run = await waiting(till, Policy(Requirement(role="finance", expires_after=60)))
    assert run.wake_at == run.clock.now() + dt.timedelta(seconds=60)
    run.clock.time = run.wake_at
    run.status = "queued"
    assert await run.until_waiting() == "completed"
    said = "pay was refused: approver:finance did not approve it in time."
    assert run.output == await run.replay() == said
    assert (till.paid, run.open_questions) == ([], [])


async def test_an_approval_in_time_stands_however_late_its_worker_is(till: Till) -> None:
    run = await waiting(till, Policy(Requirement(role="finance", expires_after=60)))
    decide(run, FIRST)
    run.clock.time += dt.timedelta(hours=1)
    assert await run.until_waiting() == "completed"


async def test_an_approval_that_nobody_gives_in_time_is_escalated_once(till: Till) -> None:
    policy = Policy(Requirement(role="finance", expires_after=60, escalates_to="board"))
    for later in ("board approves", "nobody does"):
        run = await waiting(till, policy)
        run.clock.time, run.status = run.wake_at, "queued"
        assert await run.until_waiting() == "waiting"
        assert (run.kinds(Kind.WITHDRAWN), run.open_questions) == ([FIRST], [SECOND])
        question = asked(run, SECOND)
        assert (question["role"], question["approval"]["escalated"]) == ("board", True)
        if later == "board approves":
            decide(run, SECOND, by="chair")
            assert await run.until_waiting() == "completed"
            assert run.payloads(Kind.DISPATCH)[0]["approvals"][0]["roles"] == ["board", "finance"]
        else:
            run.clock.time, run.status = run.wake_at, "queued"
            assert await run.until_waiting() == "completed"
            assert run.output == "pay was refused: approver:board did not approve it in time."
    assert {told.what for told in policy.testified} == {"asked", "escalated", "withdrawn", "lapsed"}


async def test_silence_approves_where_the_policy_says_so_and_nobody_else_is_to_be_asked(till: Till) -> None:
    silence = Requirement(role="finance", expires_after=60, escalates_to="board", on_expiry="approve")
    policy = Policy(silence)
    run = await waiting(till, policy)
    run.clock.time, run.status = run.wake_at, "queued"
    assert await run.until_waiting() == "waiting"
    assert asked(run, SECOND)["role"] == "board"
    run.clock.time, run.status = run.wake_at, "queued"
    assert await run.until_waiting() == "completed"
    assert (len(till.paid), run.open_questions) == (1, [])
    (given,) = run.payloads(Kind.DISPATCH)[0]["approvals"]
    assert given == {"roles": ["finance"], "by": "", "question": SECOND}
    assert [told.what for told in policy.testified][-1] == "lapsed"
    assert await run.replay() == run.output


async def test_silence_counts_for_its_own_role_and_is_not_asked_for_again(till: Till) -> None:
    run = await waiting(
        till, Policy(Requirement(role="finance", expires_after=60, on_expiry="approve"), LEGAL)
    )
    run.clock.time, run.status = run.wake_at, "queued"
    assert await run.until_waiting() == "waiting"
    assert (till.paid, run.kinds(Kind.ASKED)) == ([], [FIRST, SECOND])
    decide(run, SECOND)
    assert await run.until_waiting() == "completed"
    assert [each["roles"] for each in run.payloads(Kind.DISPATCH)[0]["approvals"]] == [["legal"], ["finance"]]
    assert run.kinds(Kind.WITHDRAWN) == [FIRST]


async def test_silence_approves_nothing_that_somebody_has_refused_or_edited_meanwhile(till: Till) -> None:
    silence = Requirement(role="finance", expires_after=60, on_expiry="approve")
    run = await waiting(till, Policy(silence))
    decide(run, FIRST, "refuse", reason="No.")
    run.clock.time += dt.timedelta(hours=1)
    assert await run.until_waiting() == "completed"
    assert "was refused" in run.output
    assert till.paid == []


async def test_an_answer_at_the_moment_of_the_expiry_goes_before_it(till: Till) -> None:
    run = await waiting(till, Policy(Requirement(role="finance", expires_after=60, escalates_to="board")))
    run.clock.time, run.status = run.wake_at, "queued"

    def answer_meanwhile(_: object) -> None:
        if not run.kinds(Kind.ANSWERED):
            decide(run, FIRST)

    run.while_appending = answer_meanwhile
    assert await run.until_waiting() == "completed"
    assert (len(till.paid), run.kinds(Kind.ASKED)) == (1, [FIRST])


async def test_a_cost_that_cannot_be_told_is_a_denial() -> None:
    @tool(cost=lambda _: 1 / 0)
    async def pay(ctx: Context, cents: int) -> None: ...

    @tool(cost=lambda cents: cents)
    async def owe(ctx: Context, cents: int) -> None: ...

    @workflow("w")
    async def flow(ctx: Context, which: str) -> None:
        await ctx.act(pay if which == "pay" else owe, 5)

    for which, told in (("pay", "ZeroDivisionError"), ("owe", "is int, not Money")):
        run = Rehearsal(flow, which)
        await run.until_waiting()
        assert run.failure.code == "denied"
        assert told in run.failure.message


def test_what_is_given_is_written_only_where_there_is_something() -> None:
    assert Reply(answer="yes").model_dump() == {"answer": "yes", "by": ""}


async def test_the_digest_names_everything_that_happens_and_nothing_else(till: Till) -> None:
    policy = Policy()
    run = rehearsal(till, policy)
    await run.until_waiting()
    ((action, _),) = policy.recorded
    changed = {
        "tenant_id": "acme",
        "tool": "owe",
        "arguments": b'{"cents":501,"order":"A1"}',
        "cost": None,
        "principal": "eve",
        "run_id": UUID(int=1),
        "step": "pay#1",
    }
    digests = {replace(action, **{name: value}).digest for name, value in changed.items()}
    assert len(digests | {action.digest}) == len(changed) + 1
    unchanged = {"at": None, "confidence": 0.5, "agent": "a", "arguments": b'{"order": "A1", "cents": 500}'}
    assert {replace(action, **{name: value}).digest for name, value in unchanged.items()} == {action.digest}


class Odd(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")

    weight: float


async def test_arguments_without_a_canonical_form_are_a_denial() -> None:
    @tool
    async def weigh(ctx: Context, odd: Odd) -> None: ...

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.act(weigh, Odd(weight=float("nan")))

    run = Rehearsal(flow)
    await run.until_waiting()
    assert run.failure.code == "denied"
    assert "no canonical form" in run.failure.message
