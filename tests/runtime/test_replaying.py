"""The replay check: what fits, what differs, and that nothing is done, written, or waited for too long."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from pilothouse import Context, agent, tool, workflow
from pilothouse.runtime import replaying
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.replaying import Misfit, misfit
from pilothouse.runtime.store import Claim
from pilothouse.runtime.workflows import Workflow
from support.rehearsal import Rehearsal
from support.waiting import until

done: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    done.clear()


@agent
async def step(ctx: Context, text: str) -> str:
    done.append(text)
    return text


@agent
async def asker(ctx: Context, text: str) -> str:
    done.append(f"enters {text}")
    first = await ctx.call(step, text)
    answer = await ctx.ask("Sure?", key="sure")
    done.append(f"goes on with {answer}")
    return first + answer


@tool
async def send(ctx: Context, text: str) -> str:
    done.append(f"sends {text}")
    return text


@workflow("flow")
async def flow(ctx: Context, text: str) -> list[str]:
    one = await ctx.call(step, text)
    ctx.now()
    two = await ctx.gather(ctx.call(asker, one), ctx.ask("Which?", key="which"))
    await ctx.save("a.txt", one)
    return [*two, await ctx.act(send, one)]


async def checked(run: Rehearsal, code: Workflow, entries: Any = None, **options: Any) -> Misfit | None:
    """What the check says of `code`; it must neither append nor compute."""
    before, appends = list(done), run.appends
    claim = Claim(run.run_id, "default", code.pin, 1, 0, "ada", cancel_requested=False)
    found = await misfit(code, run.entries if entries is None else entries, claim, run.services, **options)
    assert run.appends == appends
    assert [item for item in done[len(before) :] if not item.startswith("enters")] == []
    return found


async def test_every_beginning_of_a_journal_fits_the_code_that_wrote_it() -> None:
    run = Rehearsal(flow, "x")
    await run.finish()
    for length in range(1, len(run.entries) + 1):
        assert await checked(run, flow, run.entries[:length]) is None


def changed(body: Callable[[Context, str], Any]) -> Workflow:
    @workflow("flow", version=2)
    async def other(ctx: Context, text: str) -> Any:
        return await body(ctx, text)

    return other


async def test_the_first_difference_is_named_with_its_step() -> None:
    run = Rehearsal(flow, "x")
    await run.finish()

    async def argument(ctx: Context, text: str) -> None:
        await ctx.call(step, text + "!")

    async def verb(ctx: Context, text: str) -> None:
        await ctx.call(step, text)
        await ctx.sleep(1)

    async def shorter(ctx: Context, text: str) -> None:
        await ctx.call(step, text)

    async def fails(ctx: Context, text: str) -> None:
        await ctx.call(step, text)
        raise LookupError("no more")

    async def early(ctx: Context, text: str) -> None:
        await ctx.call(step, text)
        ctx.continue_as_new(text)

    for body, reason, key in (
        (argument, "other arguments", "step#0"),
        (verb, "the code asks for sleep", "now#0"),
        (shorter, "ended before it", "now#0"),
        (fails, "The code fails before step now#0, which the journal has: no more", "now#0"),
        (early, "stands still before step now#0", "now#0"),
    ):
        found = await checked(run, changed(body))
        assert found is not None
        assert (reason in found.reason, found.step) == (True, key), found


async def test_a_difference_inside_an_agent_that_has_not_ended_is_found() -> None:
    run = Rehearsal(flow, "x")
    await run.until_waiting()

    @agent(name="asker")
    async def other(ctx: Context, text: str) -> str:
        return await ctx.call(step, text.upper())

    async def body(ctx: Context, text: str) -> Any:
        one = await ctx.call(step, text)
        ctx.now()
        return await ctx.gather(ctx.call(other, one), ctx.ask("Which?", key="which"))

    assert await checked(run, flow) is None
    found = await checked(run, changed(body))
    assert found is not None
    assert found.step == "gather#0/0/asker#0/step#0"


async def test_new_code_behind_the_journals_end_is_not_executed() -> None:
    run = Rehearsal(flow, "x")
    await run.until_waiting()
    for key in run.open_questions:
        run.answer(key, "yes")
    done.clear()
    assert await checked(run, flow) is None
    assert done == ["enters x"]


async def test_an_input_that_the_code_does_not_take_does_not_fit() -> None:
    run = Rehearsal(flow, "x")

    @workflow("flow", version=2)
    async def number(ctx: Context, value: int) -> int:
        return value

    found = await checked(run, number)
    assert found is not None
    assert "valid integer" in found.reason


async def test_a_journal_of_a_newer_release_does_not_fit() -> None:
    run = Rehearsal(flow, "x")
    found = await checked(run, flow, [*run.entries, Entry(Kind.UNKNOWN, "", seq=2)])
    assert found is not None
    assert "newer version" in found.reason


async def test_code_that_waits_or_blocks_for_ever_is_given_up_and_the_loop_goes_on() -> None:
    run = Rehearsal(flow, "x")

    async def waits(ctx: Context, text: str) -> None:
        await asyncio.Event().wait()

    async def blocks(ctx: Context, text: str) -> None:
        while True:
            pass

    async def clings(ctx: Context, text: str) -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if done:
                    raise
                done.append("enters again")

    for body in (waits, blocks, clings):
        ticks = 0
        task = asyncio.create_task(checked(run, changed(body), limit=0.1))
        started = time.monotonic()
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        found = await task
        assert found is not None
        assert "within 0.1 s" in found.reason
        assert time.monotonic() - started < 5
        assert ticks > 3


async def test_a_check_that_ends_while_it_is_given_up_closes_its_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Rehearsal(flow, "x")
    monkeypatch.setattr(replaying, "GRACE", 0.02)

    async def clings(ctx: Context, text: str) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)  # given up from outside in the moment in which it is cancelled again

    for _ in range(60):
        assert await checked(run, changed(clings), limit=0.005)
    while any(thread.name == "pilothouse-replay-check" for thread in threading.enumerate()):
        await asyncio.sleep(0.001)
    gc.collect()  # a loop that was left half open is told of here, and fails the test


async def test_code_that_never_gives_way_holds_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Rehearsal(flow, "x")
    monkeypatch.setattr(replaying, "GRACE", 0.02)

    async def never(ctx: Context, text: str) -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    found = await checked(run, changed(never), limit=0.005)
    assert found is not None
    assert "within" in found.reason
    await until(lambda: all(one.name != "pilothouse-replay-check" for one in threading.enumerate()))


async def test_a_lost_dispatch_is_not_called_again() -> None:
    @tool(idempotent=True)
    async def steady(ctx: Context) -> str:
        done.append("calls")
        return "x"

    @workflow("acts")
    async def acts(ctx: Context) -> str:
        return await ctx.act(steady)

    run = Rehearsal(acts)
    run.lose_next(Kind.OUTCOME)
    await run.turn()
    assert run.kinds(Kind.DISPATCH) == ["steady#0"]
    done.clear()
    assert await checked(run, acts) is None
    assert done == []
