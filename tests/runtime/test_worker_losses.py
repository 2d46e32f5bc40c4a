"""The worker: what it does about lost databases, lost runs and code that does not go on."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
import structlog

from pilothouse import Context, agent, tool, workflow
from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.ids import Ids
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.worker import Worker
from pilothouse.runtime.worker_settings import WorkerSettings
from support.gate import Gate
from support.waiting import ended, output, rows, said, shown, submit, until

Open = Callable[..., Awaitable[Engine]]
Start = Callable[..., Awaitable[Worker]]

QUICK = WorkerSettings(poll=0.05, heartbeat=0.05, unwind=0.2)
KILL_OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid()
"""


@pytest.fixture
async def gate() -> Gate:
    return Gate()


# Cancelling


@pytest.mark.parametrize("listening", [True, False])
@pytest.mark.parametrize("where", ["async", "thread", "gather", "plain"])
async def test_a_running_run_is_cancelled_also_where_the_notification_is_lost(
    open_engine: Open, start_worker: Start, where: str, listening: bool
) -> None:
    entered, leave = threading.Event(), threading.Event()

    @agent
    async def slow(ctx: Context) -> None:
        entered.set()
        await asyncio.sleep(20)

    @agent
    def slow_thread(ctx: Context) -> None:
        entered.set()
        leave.wait(20)

    @workflow("slow")
    async def flow(ctx: Context) -> None:
        try:
            match where:
                case "async":
                    await ctx.call(slow)
                case "thread":
                    await ctx.call(slow_thread)
                case "gather":
                    await ctx.gather(ctx.call(slow), ctx.ask("?"))
                case "plain":
                    entered.set()
                    await asyncio.sleep(20)
        except Exception:
            await ctx.call(slow)

    engine = await open_engine(flow)
    await start_worker(engine, QUICK)
    run_id = await submit(engine, flow)
    await until(entered.is_set)
    if not listening:
        await engine.listener.stop()
    assert await engine.cancel(run_id, by="ada") == "running"
    assert (await ended(engine, run_id)).kind is Kind.RUN_CANCELLED
    assert rows(engine.store.conninfo, "select 1 from questions where status = 'open'") == []
    leave.set()


async def test_code_that_swallows_its_cancellation_for_ever_is_left_behind(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    let_go, swallowed = asyncio.Event(), []

    @workflow("stubborn")
    async def stubborn(ctx: Context) -> None:
        while not let_go.is_set():
            try:
                gate.entered.append("stubborn")
                await let_go.wait()
            except BaseException:
                swallowed.append("swallowed")

    flow = gate.flow()
    engine = await open_engine(stubborn, flow)
    worker = await start_worker(engine, WorkerSettings(slots=1, poll=0.05, unwind=0.1))
    run_id = await submit(engine, stubborn)
    await until(lambda: gate.entered)
    await engine.cancel(run_id)
    assert (await ended(engine, run_id)).kind is Kind.RUN_CANCELLED
    gate.open.set()
    assert await output(engine, await submit(engine, flow, "its slot is free")) == "its slot is free"
    assert swallowed == ["swallowed"]
    let_go.set()
    await until(lambda: worker.busy == 0)
    assert len(await shown(engine, run_id)) == 3


# Losing the database, the run, the lease


async def test_claimed_runs_whose_journals_cannot_be_read_are_given_back(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    flow = gate.flow()
    gate.open.set()
    engine = await open_engine(flow)
    read, failed = engine.store.read, []

    async def once(run_ids: Any, after: int = 0) -> Any:
        if not failed:
            failed.append(run_ids)
            raise DatabaseUnavailable
        return await read(run_ids, after)

    engine.store.read = once
    await start_worker(engine, QUICK)
    assert await output(engine, await submit(engine, flow, "read")) == "read"
    assert rows(engine.store.conninfo, "select epoch from runs") == [(3,)]


async def test_a_run_completes_though_every_connection_is_lost_again_and_again(
    open_engine: Open, start_worker: Start
) -> None:
    made: list[int] = []

    @agent
    async def step(ctx: Context, number: int) -> int:
        made.append(number)
        await asyncio.sleep(0.005)
        return number

    @workflow("long")
    async def long(ctx: Context) -> list[int]:
        return [await ctx.call(step, number) for number in range(60)]

    engine = await open_engine(long)
    await start_worker(engine, QUICK)
    run_id = await submit(engine, long)
    for wanted in (10, 25, 40):
        await until(lambda wanted=wanted: len(made) > wanted)
        rows(engine.store.conninfo, KILL_OTHERS)
    assert await output(engine, run_id, 30) == list(range(60))
    keys = [key for kind, key in await shown(engine, run_id) if kind == "completed"]
    assert keys == [f"step#{number}" for number in range(60)]
    assert len(made) <= 63  # what was in hand when a connection broke, and nothing journalled


FULL = """
create function refuse() returns trigger language plpgsql as
$$ begin raise exception using errcode = '53100', message = 'could not extend file: No space left'; end $$;
create trigger full_disk before insert on journal for each row execute function refuse()
"""


async def test_a_full_disk_is_waited_for_and_nothing_journalled_is_lost_or_computed_again(
    open_engine: Open, start_worker: Start
) -> None:
    made: list[int] = []

    @agent
    async def step(ctx: Context, number: int) -> int:
        made.append(number)
        if number == 2 and made.count(2) == 1:
            rows(engine.store.conninfo, FULL)
        return number

    @workflow("fills")
    async def fills(ctx: Context) -> list[int]:
        return [await ctx.call(step, number) for number in range(4)]

    engine = await open_engine(fills)
    with structlog.testing.capture_logs() as lines:
        await start_worker(engine, QUICK)
        run_id = await submit(engine, fills)
        await until(lambda: made.count(2) >= 3)
        assert {line["event"] for line in lines} >= {"turn_lost", "runs_given_back"}
        assert "disk is full" in str([line.get("reason") for line in lines])
        rows(engine.store.conninfo, "drop function refuse cascade")
    assert await output(engine, run_id) == [0, 1, 2, 3]
    assert (made.count(0), made.count(1), made.count(3)) == (1, 1, 1)
    assert made.count(2) < 20  # it is tried again once a round, not in a tight loop


async def test_a_worker_whose_run_was_taken_over_can_append_nothing_and_dispatches_nothing(
    open_engine: Open, start_worker: Start
) -> None:
    paid, arrived, go_on = [], [], asyncio.Event()

    @agent
    async def slow(ctx: Context) -> None:
        arrived.append(ctx._turn.claim.epoch)
        if len(arrived) == 1:
            await go_on.wait()

    @tool
    async def pay(ctx: Context) -> None:
        paid.append(ctx._turn.claim.epoch)

    @workflow("pays")
    async def pays(ctx: Context) -> str:
        with contextlib.suppress(BaseException):
            await ctx.call(slow)
        await ctx.act(pay)
        return "paid"

    first, second = await open_engine(pays), await open_engine(pays)
    await start_worker(first, QUICK)
    run_id = await submit(first, pays)
    await until(lambda: arrived)
    taken = "update runs set status = 'queued', epoch = epoch + 1, worker_id = null"
    rows(first.store.conninfo, taken)
    await start_worker(second, QUICK)
    assert await output(second, run_id) == "paid"
    go_on.set()
    await asyncio.sleep(0.2)
    assert len(paid) == 1
    kinds = [kind for kind, _ in await shown(second, run_id)]
    assert kinds.count("dispatch") == 1
    assert kinds[-1] == "run_completed"


async def test_a_run_that_this_worker_lost_and_claimed_again_is_executed_once(
    open_engine: Open, start_worker: Start
) -> None:
    arrived: list[int] = []
    doors = [asyncio.Event(), asyncio.Event()]

    @agent
    async def slow(ctx: Context) -> int:
        arrived.append(ctx._turn.claim.epoch)
        await doors[len(arrived) - 1].wait()
        return ctx._turn.claim.epoch

    @workflow("slow")
    async def flow(ctx: Context) -> int:
        return await ctx.call(slow)

    engine = await open_engine(flow)
    worker = await start_worker(engine, QUICK)
    run_id = await submit(engine, flow)
    await until(lambda: len(arrived) == 1)
    rows(engine.store.conninfo, "update runs set status = 'queued', epoch = epoch + 1, worker_id = null")
    await until(lambda: len(arrived) == 2)
    await asyncio.sleep(0.1)
    assert worker.busy == 1  # the turn before was stopped, and its end did not hide the new one
    assert await engine.cancel(run_id) == "running"
    assert (await ended(engine, run_id)).kind is Kind.RUN_CANCELLED


async def test_a_worker_without_a_valid_lease_claims_nothing(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    flow = gate.flow()
    gate.open.set()
    engine = await open_engine(flow)
    worker = await start_worker(engine, QUICK)
    await until(lambda: rows(engine.store.conninfo, "select 1 from workers"))
    looks: list[None] = []
    worker._heartbeat.valid = lambda: bool(looks.append(None))
    await until(lambda: looks)  # a claim that had begun before is over
    run_id = await submit(engine, flow, 1)
    looks.clear()
    await until(lambda: len(looks) > 1)
    assert await engine.status(run_id) == "queued"
    del worker._heartbeat.valid
    assert await output(engine, run_id) == 1


async def test_the_runs_of_a_dead_worker_are_taken_over_and_a_poisonous_one_fails(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    flow = gate.flow()
    gate.open.set()
    engine = await open_engine(flow)
    unlucky, poisonous = await submit(engine, flow, 1), await submit(engine, flow, 2)
    assert len(await engine.store.claim(Ids().new(), ["gated@1"], 9)) == 2  # by a worker that is no more
    rows(engine.store.conninfo, "update runs set losses = 5 where id = %s", poisonous)
    await start_worker(engine, QUICK)
    assert await output(engine, unlucky) == 1
    assert said(await ended(engine, poisonous))["code"] == "worker_lost"
    assert "run_lost" in [kind for kind, _ in await shown(engine, unlucky)]


async def test_a_tick_that_fails_is_tried_again(open_engine: Open, start_worker: Start) -> None:
    @workflow("naps")
    async def naps(ctx: Context) -> str:
        await ctx.sleep(0.05)
        return "awake"

    engine = await open_engine(naps)
    wake_timers, failed = engine.store.wake_timers, []

    async def once(now: Any) -> Any:
        if not failed:
            failed.append(now)
            raise psycopg.errors.UndefinedTable("no such table")
        return await wake_timers(now)

    engine.store.wake_timers = once
    await start_worker(engine, QUICK)
    assert await output(engine, await submit(engine, naps)) == "awake"
    assert failed


async def test_a_turn_that_cannot_be_executed_is_given_back(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    flow = gate.flow()
    gate.open.set()
    engine = await open_engine(flow)
    pinned, failed = engine.workflows.pinned, []

    def once(pin: str) -> Any:
        if not failed:
            failed.append(pin)
            raise LookupError(pin)
        return pinned(pin)

    engine.workflows.pinned = once
    await start_worker(engine, QUICK)
    assert await output(engine, await submit(engine, flow, 1)) == 1


# Code that does not go on


async def test_a_workflow_that_waits_for_no_step_fails_and_says_where(
    open_engine: Open, start_worker: Start
) -> None:
    @agent
    async def quick(ctx: Context) -> None: ...

    @workflow("stalls")
    async def stalls(ctx: Context) -> None:
        await ctx.call(quick)
        await asyncio.Event().wait()

    engine = await open_engine(stalls)
    await start_worker(engine, WorkerSettings(poll=0.05, stall_timeout=0.2))
    failure = said(await ended(engine, await submit(engine, stalls)))
    assert failure["code"] == "run_stalled"
    assert "quick#0" in failure["message"]
    assert "ctx.sleep" in failure["hint"]


async def test_a_step_that_blocks_the_event_loop_is_stopped_and_the_worker_lives(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    @agent
    async def blocks(ctx: Context) -> None:
        while True:
            time.sleep(0.01)  # noqa: ASYNC251 - the loop stands still

    @workflow("blocked")
    async def blocked(ctx: Context) -> None:
        await ctx.call(blocks)

    flow = gate.flow()
    gate.open.set()
    engine = await open_engine(blocked, flow)
    await start_worker(engine, WorkerSettings(poll=0.05, heartbeat=0.05, blocked_after=0.4))
    failure = said(await ended(engine, await submit(engine, blocked)))
    assert failure["code"] == "run_stalled"
    assert "blocks#0" in failure["message"]
    assert "plain `def`" in failure["hint"]
    assert await output(engine, await submit(engine, flow, "alive")) == "alive"


async def test_a_slow_database_and_a_long_drain_are_no_blocked_loop(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    flow = gate.flow()
    engine = await open_engine(flow)
    worker = await start_worker(engine, WorkerSettings(poll=0.05, heartbeat=0.02, blocked_after=0.15))
    run_id = await submit(engine, flow, "done")
    await until(lambda: gate.entered)
    cancels = engine.store.cancels

    async def slowly(worker_id: Any) -> Any:
        await asyncio.sleep(0.4)
        return await cancels(worker_id)

    engine.store.cancels = slowly
    await asyncio.sleep(0.5)
    stopping = asyncio.create_task(worker.stop(drain=5))
    await asyncio.sleep(0.5)
    gate.open.set()
    await stopping
    assert await output(engine, run_id) == "done"
