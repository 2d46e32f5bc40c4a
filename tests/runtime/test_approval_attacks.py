"""Attacks on approvals: answers replayed, swapped, forged or edited are worth nothing."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

import orjson
import pytest

from pilothouse import Context, tool, workflow
from pilothouse.runtime.entries import Entry, Kind, decode, encode
from pilothouse.runtime.governing import Requirement
from pilothouse.runtime.unknown_outcomes import CALL_AGAIN
from support.approvals import Policy, Refund, Till, asked, decide, rehearsal, waiting
from support.rehearsal import Rehearsal

FINANCE = Requirement(role="finance")
LEGAL = Requirement(role="legal")
FIRST, SECOND = "pay#0/approval#0", "pay#0/approval#1"


@pytest.fixture
def till() -> Till:
    return Till()


def replayed(source: Rehearsal, key: str, target: Rehearsal, at: str) -> None:
    """Copy the answer to `key` from one journal into another, at another key."""
    entry = next(item for item in source.entries if (item.kind, item.key) == (Kind.ANSWERED, key))
    target.event(Entry(Kind.ANSWERED, at, decode(entry.codec, entry.payload)))


async def test_an_approval_of_another_run_is_worth_nothing(till: Till) -> None:
    other, run = await waiting(till, Policy(FINANCE)), rehearsal(till, Policy(FINANCE))
    decide(other, FIRST)
    run.run_id = UUID(int=run.run_id.int + 1)
    await run.until_waiting()
    replayed(other, FIRST, run, FIRST)
    assert (await run.until_waiting(), run.open_questions, till.paid) == ("waiting", [SECOND], [])


async def test_an_approval_is_used_once_and_the_next_step_asks_its_own() -> None:
    paid: list[int] = []

    @tool(idempotent=True)
    async def pay(ctx: Context, cents: int) -> None:
        paid.append(cents)

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.act(pay, 5)
        await ctx.act(pay, 5)

    run = Rehearsal(flow, governor=Policy(FINANCE))
    await run.until_waiting()
    decide(run, FIRST)
    assert (await run.until_waiting(), paid, run.open_questions) == ("waiting", [5], ["pay#1/approval#0"])
    replayed(run, FIRST, run, "pay#1/approval#0")
    assert (await run.until_waiting(), paid) == ("waiting", [5])
    assert run.open_questions == ["pay#1/approval#1"]


async def test_an_approval_for_one_role_does_not_count_for_another(till: Till) -> None:
    run = await waiting(till, Policy(FINANCE, LEGAL))
    decide(run, FIRST)
    replayed(run, FIRST, run, SECOND)
    assert (await run.until_waiting(), till.paid) == ("waiting", [])


async def test_arguments_that_are_swapped_after_the_approval_are_not_approved() -> None:
    paid: list[int] = []
    amount = [5]

    @tool(idempotent=True)
    async def pay(ctx: Context, cents: int) -> None:
        paid.append(cents)

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.act(pay, amount[0])

    run = Rehearsal(flow, governor=Policy(FINANCE))
    await run.until_waiting()
    decide(run, FIRST)
    amount[0] = 5_000
    assert (await run.until_waiting(), paid, run.open_questions) == ("waiting", [], [SECOND])
    assert asked(run, SECOND)["approval"]["arguments"] == "5000"


async def test_history_that_is_edited_to_show_a_smaller_action_approves_nothing(till: Till) -> None:
    run = await waiting(till, Policy(FINANCE), cents=50_000)
    place = next(at for at, entry in enumerate(run.entries) if entry.key == FIRST)
    question = asked(run, FIRST)
    question["approval"] |= {"arguments": '{"cents":5,"order":"A1"}', "digest": "0" * 64}
    codec, stored = encode(orjson.dumps(question))
    run.entries[place] = run.entries[place]._replace(codec=codec, payload=stored)
    decide(run, FIRST)
    assert (await run.until_waiting(), till.paid, run.open_questions) == ("waiting", [], [SECOND])


@pytest.mark.parametrize("forged", [{"digest": "0" * 64}, {"question": SECOND}])
async def test_an_answer_that_names_something_else_is_not_taken(till: Till, forged: dict[str, str]) -> None:
    run = await waiting(till, Policy(FINANCE))
    decide(run, FIRST, **forged)
    assert (await run.until_waiting(), till.paid, run.open_questions) == ("waiting", [], [SECOND])


async def test_a_plain_answer_to_an_approval_approves_nothing(till: Till) -> None:
    run = await waiting(till, Policy(FINANCE))
    run.answer(FIRST, "approve")
    assert (await run.until_waiting(), till.paid, run.open_questions) == ("waiting", [], [SECOND])


async def test_an_answer_to_a_question_that_was_withdrawn_is_worth_nothing(till: Till) -> None:
    run = await waiting(till, Policy(FINANCE))
    run.event(Entry(Kind.WITHDRAWN, FIRST))
    decide(run, FIRST)
    assert (await run.until_waiting(), till.paid) == ("waiting", [])


async def test_a_retry_asks_again_also_after_a_refusal_and_after_a_failed_call() -> None:
    broken = [True]

    @tool(idempotent=True)
    async def pay(ctx: Context, cents: int) -> str:
        if broken[0]:
            raise ConnectionError("no route")
        return "paid"

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.act(pay, 5)

    run = Rehearsal(flow, governor=Policy(FINANCE))
    await run.until_waiting()
    decide(run, FIRST, "refuse", reason="No.")
    assert await run.until_waiting() == "failed"
    assert run.retry() == ("pay#0",)
    assert (await run.until_waiting(), run.open_questions) == ("waiting", [SECOND])
    decide(run, SECOND)
    assert await run.until_waiting() == "failed"
    run.retry()
    broken[0] = False
    assert (await run.until_waiting(), run.open_questions) == ("waiting", ["pay#0/approval#2"])
    decide(run, "pay#0/approval#2")
    assert await run.until_waiting() == "completed"
    assert run.output == await run.replay() == "paid"


async def test_calling_again_what_may_have_happened_takes_an_approval_of_its_own() -> None:
    till = Till(idempotent=False)
    run = await waiting(till, Policy(FINANCE))
    decide(run, FIRST, "edit", arguments='{"cents":400,"order":"A1"}')
    run.lose_next(Kind.OUTCOME)
    assert (await run.until_waiting(), run.open_questions) == ("waiting", ["pay#0/1/ask#0"])
    run.answer("pay#0/1/ask#0", CALL_AGAIN)
    assert (await run.until_waiting(), run.open_questions) == ("waiting", [SECOND])
    assert asked(run, SECOND)["approval"]["arguments"] == '{"cents":400,"order":"A1"}'
    decide(run, SECOND)
    run.lose_next(Kind.OUTCOME)
    assert await run.until_waiting() == "waiting"
    run.answer("pay#0/2/ask#0", CALL_AGAIN)
    await run.until_waiting()
    decide(run, "pay#0/approval#2")
    assert await run.until_waiting() == "completed"
    assert run.output == await run.replay() == "paid 400"
    assert till.paid == [Refund(order="A1", cents=400)] * 3


async def test_approvals_in_branches_that_were_left_behind_are_withdrawn_and_asked_anew() -> None:
    paid: list[int] = []
    broken = [True]

    @tool(idempotent=True)
    async def pay(ctx: Context, cents: int) -> None:
        paid.append(cents)

    @tool(idempotent=True)
    async def fail(ctx: Context) -> None:
        if broken[0]:
            raise ValueError("broken")

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.gather(ctx.act(pay, 5), ctx.act(fail))

    policy = Policy(FINANCE)
    allow = Policy()

    class Both(Policy):
        async def decide(self, action: Any) -> Any:
            return await (policy if action.tool == "pay" else allow).decide(action)

    run = Rehearsal(flow, governor=Both())
    assert await run.until_waiting() == "failed"
    first = "gather#0/0/pay#0/approval#0"
    assert (run.kinds(Kind.ASKED), run.kinds(Kind.WITHDRAWN)) == ([first], [first])
    broken[0] = False
    run.retry()
    assert (await run.until_waiting(), run.open_questions) == ("waiting", ["gather#0/0/pay#0/approval#1"])
    decide(run, "gather#0/0/pay#0/approval#1")
    assert (await run.until_waiting(), paid) == ("completed", [5])


async def test_an_action_that_was_left_behind_never_runs_whatever_policy_says_later() -> None:
    paid: list[int] = []

    @tool(idempotent=True)
    async def pay(ctx: Context, cents: int) -> None:
        paid.append(cents)

    async def failing() -> None:
        raise ValueError("an arm fails")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.gather(ctx.act(pay, 5), failing())
        except ValueError:
            return await ctx.ask("What now?")
        return "paid"

    policy = Policy(FINANCE)
    run = Rehearsal(flow, governor=policy)
    assert await run.until_waiting() == "waiting"
    policy.requirements = ()
    run.answer("ask#0", "nothing")
    assert (await run.until_waiting(), run.output, paid) == ("completed", "nothing", [])


def unless_for_finance(run: Rehearsal, key: str) -> None:
    """Approve what is not for finance, who let it lapse."""
    if asked(run, key)["role"] != "finance":
        decide(run, key)


async def test_a_lost_turn_leaves_no_half_of_an_escalation(till: Till) -> None:
    for lost in range(1, 8):
        run = rehearsal(
            till, Policy(Requirement(role="finance", expires_after=60, escalates_to="board"), LEGAL)
        )
        run.lose_before = {lost}
        done = await run.finish(partial(unless_for_finance, run))
        assert done == "paid 500"
        assert len(run.kinds(Kind.ASKED)) == 3
