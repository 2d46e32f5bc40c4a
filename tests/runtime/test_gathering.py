"""Gather: all branches settle, then the first failure by position; what waits is left or waited for."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest

from pilothouse import Context, StepFailed, agent, workflow
from pilothouse.runtime.entries import Kind
from support.rehearsal import Rehearsal


@agent
async def fetch(ctx: Context, what: str) -> str:
    return what.upper()


@agent
async def fail(ctx: Context, what: str) -> str:
    message = f"{what} failed"
    raise ValueError(message)


async def test_results_come_in_the_order_of_the_arguments_whatever_ends_first() -> None:
    @agent
    async def wait(ctx: Context, seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    @workflow("w")
    async def flow(ctx: Context) -> list[Any]:
        async def plain() -> str:
            return "no verb"

        return await ctx.gather(ctx.call(wait, 0.03), ctx.call(wait, 0.0), plain())

    run = Rehearsal(flow)
    assert await run.finish() == await run.replay() == [0.03, 0.0, "no verb"]
    assert run.kinds(Kind.COMPLETED) == ["gather#0/1/wait#0", "gather#0/0/wait#0"]


async def test_each_branch_numbers_its_own_steps_so_that_nothing_is_swapped_at_replay() -> None:
    pauses = iter([0.02, 0.0, 0.0, 0.02])

    @agent
    async def tell(ctx: Context, what: str) -> str:
        await asyncio.sleep(next(pauses, 0))
        return what

    @workflow("w")
    async def flow(ctx: Context) -> list[Any]:
        async def arm(name: str) -> list[str]:
            return [await ctx.call(tell, f"{name}1"), await ctx.call(tell, f"{name}2")]

        return await ctx.gather(arm("A"), arm("B"))

    run = Rehearsal(flow)
    assert await run.finish() == await run.replay() == [["A1", "A2"], ["B1", "B2"]]


async def test_nothing_to_gather_is_an_empty_list() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> list[Any]:
        return await ctx.gather()

    run = Rehearsal(flow)
    assert await run.finish() == await run.replay() == []


async def test_all_settle_and_the_first_failure_by_position_is_raised() -> None:
    done: list[str] = []

    @agent
    async def slow(ctx: Context) -> None:
        await asyncio.sleep(0.02)
        done.append("slow")

    @agent
    async def fail_late(ctx: Context) -> None:
        await asyncio.sleep(0.03)
        raise ValueError("first by position")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.gather(ctx.call(slow), ctx.call(fail_late), ctx.call(fail, "last"))
        except StepFailed as error:
            return error.message
        return "no failure"

    run = Rehearsal(flow)
    assert await run.finish() == await run.replay() == "first by position"
    assert done == ["slow"]
    assert Kind.SETTLED not in {entry.kind for entry in run.entries}  # nothing was left behind


async def test_a_failure_leaves_waiting_branches_behind_and_withdraws_their_questions() -> None:
    went_on: list[str] = []

    @workflow("w")
    async def flow(ctx: Context) -> str:
        async def asks() -> None:
            await ctx.call(fetch, "before")
            await ctx.gather(ctx.ask("Which?", key="deep"), ctx.sleep(5))
            went_on.append("after the answer")

        try:
            await ctx.gather(asks(), ctx.call(fail, "the other"), ctx.sleep(60))
        except StepFailed as error:
            return await ctx.ask(error.message)
        return "no failure"

    run = Rehearsal(flow)
    assert await run.until_waiting() == "waiting"
    assert run.kinds(Kind.WITHDRAWN) == ["gather#0/0/gather#0/0/ask:deep"]
    assert run.open_questions == ["ask#0"]
    run.clock.advance(3600)
    assert await run.finish() == "yes"
    assert await run.replay() == "yes"
    assert went_on == []
    assert run.kinds(Kind.WOKE) == []


async def test_an_answer_at_the_moment_of_withdrawal_changes_nothing_at_replay() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        async def asks() -> None:
            if await ctx.ask("Which?", key="which") == "yes":
                raise ValueError("of the branch that was left behind")

        try:
            await ctx.gather(asks(), ctx.call(fail, "second"))
        except (StepFailed, ValueError) as error:
            return f"{error}" + await ctx.ask("Go on?")
        return "no failure"

    run = Rehearsal(flow)

    def answer_first(item: Any) -> None:
        if any(entry.kind is Kind.WITHDRAWN for entry in item.entries):
            run.while_appending = None
            run.answer("gather#0/0/ask:which", "yes")

    run.while_appending = answer_first
    assert await run.finish() == "second failedyes"


async def test_suspension_waits_for_all_and_wakes_with_the_first_timer() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> list[Any]:
        async def slept(seconds: float) -> float:
            await ctx.sleep(seconds)
            return seconds

        return await ctx.gather(slept(90), ctx.gather(slept(30), ctx.ask("?")), ctx.call(fetch, "a"))

    run = Rehearsal(flow)
    start = run.clock.now()
    await run.until_waiting()
    assert run.wake_at == start + dt.timedelta(seconds=30)
    assert await run.finish() == await run.replay() == [90, [30, "yes"], "A"]


async def test_an_answer_while_another_branch_executes_is_noticed_before_the_turn_ends() -> None:
    @agent
    async def slow(ctx: Context) -> str:
        while not run.open_questions:
            await asyncio.sleep(0.001)
        run.answer("gather#0/0/ask#0", "early")
        return "slow"

    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        return await ctx.gather(ctx.ask("?"), ctx.call(slow))

    run = Rehearsal(flow)
    assert await run.turn() == "queued"  # instead of waiting for an answer that is there
    assert await run.turn() == "completed"
    assert run.output == ["early", "slow"]


async def test_a_retry_opens_withdrawn_questions_again_and_computes_only_what_failed() -> None:
    made: list[str] = []
    broken = [True]

    @agent
    async def once(ctx: Context) -> str:
        made.append("once")
        return "once"

    @agent
    async def flaky(ctx: Context) -> str:
        made.append("flaky")
        if broken[0]:
            raise OSError("no network")
        return "flaky"

    @workflow("w")
    async def flow(ctx: Context) -> list[Any]:
        return await ctx.gather(ctx.ask("?", key="q"), ctx.call(flaky), ctx.call(once), ctx.sleep(5))

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.steps == ("gather#0/1/flaky#0",)
    assert run.open_questions == []
    broken[0] = False
    assert run.retry() == ("gather#0/1/flaky#0",)
    assert await run.until_waiting() == "waiting"
    assert run.open_questions == ["gather#0/0/ask:q"]
    assert await run.finish() == ["yes", "flaky", "once", None]
    assert await run.replay() == ["yes", "flaky", "once", None]
    assert sorted(made) == ["flaky", "flaky", "once"]


async def test_a_retry_after_mending_the_code_of_a_branch_waits_for_its_siblings_again() -> None:
    broken = [True]

    @workflow("w")
    async def flow(ctx: Context) -> list[Any]:
        async def arm() -> str:
            if broken[0]:
                raise ValueError("a bug in the workflow itself")
            return "mended"

        return await ctx.gather(ctx.ask("?"), arm())

    run = Rehearsal(flow)
    await run.finish()
    broken[0] = False
    run.retry()
    assert await run.finish() == ["yes", "mended"]


async def test_a_gather_that_failed_by_the_journal_and_fails_no_more_is_a_difference() -> None:
    broken = [True]

    @workflow("w")
    async def flow(ctx: Context) -> Any:
        async def arm() -> None:
            if broken[0]:
                raise ValueError("a bug in the workflow itself")

        try:
            await ctx.gather(ctx.ask("?"), arm())
        except ValueError:
            return await ctx.ask("Go on?", key="on")

    run = Rehearsal(flow)
    await run.until_waiting()
    broken[0] = False
    run.answer("ask:on", "yes")
    await run.turn()
    assert run.failure.code == "non_determinism"
    assert "gather#0 failed by the journal" in run.failure.message


async def test_nested_gathers_raise_through_and_withdraw_all_the_way_up() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> Any:
        return await ctx.gather(
            ctx.ask("outer", key="outer"),
            ctx.gather(ctx.ask("inner", key="inner"), ctx.call(fail, "deep")),
        )

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.message == "deep failed"
    assert sorted(run.kinds(Kind.WITHDRAWN)) == ["gather#0/0/ask:outer", "gather#0/1/gather#0/0/ask:inner"]
    run.retry()
    await run.until_waiting()
    assert run.failure.message == "deep failed"  # it still fails; nothing waits for ever


async def test_gather_may_be_used_inside_an_agent() -> None:
    @agent
    async def outer(ctx: Context) -> list[str]:
        return await ctx.gather(ctx.call(fetch, "a"), ctx.ask("?"))

    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        return await ctx.call(outer)

    run = Rehearsal(flow)
    assert await run.finish() == await run.replay() == ["A", "yes"]
    assert "outer#0/gather#0/1/ask#0" in run.kinds(Kind.ASKED)


async def test_a_branch_that_exits_or_is_cancelled_from_within_fails_like_any_other() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        async def exits() -> None:
            raise SystemExit(3)

        async def cancelled() -> None:
            raise asyncio.CancelledError

        found = []
        for arm in (exits, cancelled):
            try:
                await ctx.gather(arm(), ctx.call(fetch, "a"))
            except Exception as error:
                found.append(type(error).__name__)
        return found

    run = Rehearsal(flow)
    assert await run.finish() == ["CodeExited", "CodeExited"]


@pytest.mark.filterwarnings("error")
async def test_a_gather_that_is_refused_leaves_no_coroutine_behind() -> None:
    async def before(ctx: Context) -> None:
        await ctx.call(fetch, "a")
        await ctx.ask("?")

    async def after(ctx: Context) -> None:
        await ctx.gather(ctx.call(fetch, "a"), ctx.call(fetch, "b"))

    codes = [before, after]

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await codes[0](ctx)

    run = Rehearsal(flow)
    await run.until_waiting()
    codes.pop(0)
    await run.turn()
    assert run.failure.code == "non_determinism"


async def test_a_branch_that_was_left_behind_replays_what_it_did_also_a_failure_that_it_had_caught() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        async def arm() -> str:
            try:
                await ctx.gather(ctx.ask("inner", key="inner"), ctx.call(fail, "inner"))
            except StepFailed:
                return await ctx.ask("after", key="after")
            return "no failure"

        try:
            await ctx.gather(arm(), ctx.call(fail, "outer"))
        except StepFailed as error:
            return error.message + await ctx.ask("Go on?", key="on")
        return "no failure"

    run = Rehearsal(flow)
    assert await run.finish() == await run.replay() == "outer failedyes"
    assert run.kinds(Kind.SETTLED) == ["gather#0/0/gather#0", "gather#0"]
