"""Moving runs to another version: only what stands still and fits, and never in a race with a claim."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from pilothouse import Context, agent, workflow
from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.runtime.engine import Engine
from support.waiting import output, said, shown, status, submit

Open = Callable[..., Awaitable[Engine]]
Start = Callable[..., Awaitable[object]]

held = threading.Event()
checking = threading.Event()


@agent
async def count(ctx: Context, number: int) -> int:
    return number + 1


@workflow("flow")
async def first(ctx: Context, number: int) -> str:
    number = await ctx.call(count, number)
    return f"{number} {await ctx.ask('How?', key='how')}"


@workflow("flow", version=2)
async def second(ctx: Context, number: int) -> str:
    number = await ctx.call(count, number)
    return f"two: {number} {await ctx.ask('How?', key='how')} {await ctx.call(count, number)}"


@workflow("flow", version=3)
async def third(ctx: Context, number: int) -> str:
    number = await ctx.call(count, number + 1)
    return f"{number}"


@workflow("flow", version=4)
async def fourth(ctx: Context, number: int) -> str:
    checking.set()
    held.wait(5)
    return await second.function(ctx, number)


@pytest.fixture
async def engine(open_engine: Open, start_worker: Start) -> Engine:
    held.clear()
    checking.clear()
    made = await open_engine(first, second, third, fourth)
    await start_worker(made)
    return made


async def waiting(engine: Engine) -> object:
    run_id = await submit(engine, first, 1, version=1)
    await status(engine, run_id, "waiting")
    return run_id


async def test_a_waiting_run_goes_on_in_the_version_it_was_moved_to(engine: Engine) -> None:
    run_id = await waiting(engine)
    assert await engine.move(run_id, 2, dry_run=True) is None
    assert ("moved", "") not in await shown(engine, run_id)
    assert await engine.move(run_id, 2, by="ada") is None
    assert said((await engine.journal(run_id))[-1]) == {"from": 1, "to": 2, "by": "ada"}
    await engine.answer(run_id, "ask:how", "well")
    assert await output(engine, run_id) == "two: 2 well 3"


async def test_a_queued_run_of_a_version_that_nobody_has_is_moved_and_executed(
    open_engine: Open, start_worker: Start
) -> None:
    elsewhere = await open_engine(first)
    run_id = await submit(elsewhere, first, 1)
    engine = await open_engine(second)
    await start_worker(engine)
    assert await engine.status(run_id) == "queued"
    assert await engine.move(run_id, 2) is None
    await status(engine, run_id, "waiting")


async def test_a_version_that_does_not_fit_is_told_and_nothing_changes(engine: Engine) -> None:
    run_id = await waiting(engine)
    found = await engine.move(run_id, 3)
    assert found is not None
    assert found.step == "count#0"
    await engine.answer(run_id, "ask:how", "well")
    assert await output(engine, run_id) == "2 well"


async def test_a_run_that_goes_on_while_it_is_checked_is_not_moved(engine: Engine) -> None:
    run_id = await waiting(engine)
    moving = asyncio.create_task(engine.move(run_id, 4))
    while not checking.is_set():
        await asyncio.sleep(0.005)
    await engine.answer(run_id, "ask:how", "well")
    assert await output(engine, run_id) == "2 well"
    held.set()
    with pytest.raises(Conflict, match="went on while it was checked"):
        await moving
    assert ("moved", "") not in await shown(engine, run_id)


async def test_what_cannot_be_moved_is_refused(engine: Engine) -> None:
    run_id = await waiting(engine)
    with pytest.raises(Conflict, match="cannot be moved to flow@1"):
        await engine.move(run_id, 1)
    with pytest.raises(InvalidInput, match="no version 9"):
        await engine.move(run_id, 9)
    with pytest.raises(NotFound):
        await engine.move(uuid4(), 2)
    with pytest.raises(NotFound):
        await engine.move(run_id, 2, tenant_id="other")
    await engine.cancel(run_id)
    with pytest.raises(Conflict, match="is cancelled"):
        await engine.move(run_id, 2)
