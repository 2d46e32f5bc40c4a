"""The worker: what it claims, how it stops, and what waits without it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pilothouse import Context, workflow
from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker import Worker
from pilothouse.runtime.worker_settings import WorkerSettings
from support.clocks import ManualClock
from support.gate import Gate
from support.waiting import ended, output, rows, said, status, submit, until

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


# What it claims


async def test_no_more_runs_than_slots_are_executed_at_once(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    flow = gate.flow()
    engine = await open_engine(flow)
    runs = [await submit(engine, flow, number) for number in range(7)]
    worker = await start_worker(engine, WorkerSettings(slots=3, poll=0.05))
    await until(lambda: len(gate.entered) == 3)
    await asyncio.sleep(0.15)
    assert (gate.entered, worker.busy) == ([0, 1, 2], 3)
    gate.open.set()
    assert [await output(engine, run_id) for run_id in runs] == list(range(7))


async def test_urgent_runs_are_executed_first(open_engine: Open, start_worker: Start, gate: Gate) -> None:
    flow = gate.flow()
    engine = await open_engine(flow)
    runs = [await submit(engine, flow, priority, priority=priority) for priority in (0, 9, -5, 9)]
    gate.open.set()
    await start_worker(engine, WorkerSettings(slots=1))
    for run_id in runs:
        await ended(engine, run_id)
    assert gate.entered == [9, 9, 0, -5]


async def test_a_worker_for_one_run_leaves_the_others_alone(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    flow = gate.flow()
    engine = await open_engine(flow)
    gate.open.set()
    first, second = await submit(engine, flow, 1), await submit(engine, flow, 2)
    await start_worker(engine, only=second)
    assert await output(engine, second) == 2
    assert await engine.status(first) == "queued"


async def test_a_run_stays_with_its_version_and_one_that_nobody_has_stays_queued(
    open_engine: Open, start_worker: Start
) -> None:
    def version(number: int) -> Any:
        @workflow("asks", version=number)
        async def asks(ctx: Context) -> str:
            return f"{number}: " + await ctx.ask(f"Question of version {number}")

        return asks

    old, new = version(1), version(2)
    before = await open_engine(old)
    run_id = await submit(before, old)
    worker = await start_worker(before, QUICK)
    await status(before, run_id, "waiting")
    await worker.stop()
    upgraded = await open_engine(new)
    await start_worker(upgraded, QUICK)
    fresh = await submit(upgraded, new)
    await status(upgraded, fresh, "waiting")
    await upgraded.answer(run_id, "ask#0", "yes")
    await upgraded.answer(fresh, "ask#0", "yes")
    assert await output(upgraded, fresh) == "2: yes"
    assert await upgraded.status(run_id) == "queued"
    both = await open_engine(old, new)
    await start_worker(both, QUICK)
    assert await output(both, run_id) == "1: yes"


async def test_a_journal_that_cannot_be_read_fails_its_run_and_not_the_worker(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    flow = gate.flow()
    gate.open.set()
    engine = await open_engine(flow)
    future, damaged, good = [await submit(engine, flow, number) for number in range(3)]
    rows(engine.store.conninfo, "update journal set kind = 'from_the_future' where run_id = %s", future)
    rows(engine.store.conninfo, "update journal set codec = 1 where run_id = %s", damaged)
    await start_worker(engine)
    assert said(await ended(engine, future))["code"] == "payload_unreadable"
    assert said(await ended(engine, damaged))["code"] == "payload_unreadable"
    assert await output(engine, good) == 2


# Stopping


async def test_stopping_lets_turns_end(open_engine: Open, start_worker: Start, gate: Gate) -> None:
    flow = gate.flow()
    engine = await open_engine(flow)
    worker = await start_worker(engine)
    run_id = await submit(engine, flow, "done")
    await until(lambda: gate.entered)
    stopping = asyncio.create_task(worker.stop(drain=10))
    await asyncio.sleep(0.05)
    later = await submit(engine, flow, "later")
    gate.open.set()
    await stopping
    assert await output(engine, run_id) == "done"
    assert await engine.status(later) == "queued"
    assert rows(engine.store.conninfo, "select count(*) from workers") == [(0,)]


async def test_a_turn_that_does_not_end_in_time_is_given_back_and_goes_on_elsewhere(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    flow = gate.flow()
    engine = await open_engine(flow)
    worker = await start_worker(engine)
    run_id = await submit(engine, flow, "done")
    await until(lambda: gate.entered)
    await worker.stop(drain=0)
    found = rows(engine.store.conninfo, "select status, worker_id, losses from runs")
    assert found == [("queued", None, 0)]
    gate.open.set()
    await start_worker(engine)
    assert await output(engine, run_id) == "done"


async def test_a_worker_stops_within_its_patience_also_where_code_does_not(
    open_engine: Open, start_worker: Start
) -> None:
    entered, let_go = asyncio.Event(), asyncio.Event()

    @workflow("stubborn")
    async def stubborn(ctx: Context) -> None:
        while not let_go.is_set():
            with contextlib.suppress(BaseException):
                entered.set()
                await let_go.wait()

    engine = await open_engine(stubborn)
    worker = await start_worker(engine, QUICK)
    run_id = await submit(engine, stubborn)
    await entered.wait()
    await asyncio.wait_for(worker.stop(drain=0), 3)
    assert await engine.status(run_id) == "queued"
    let_go.set()


async def test_stopping_in_the_middle_of_a_claim_leaves_no_run_behind(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    flow = gate.flow()
    engine = await open_engine(flow)
    worker = await start_worker(engine)
    read, reading, go_on = engine.store.read, asyncio.Event(), asyncio.Event()

    async def slowly(run_ids: Any, after: int = 0) -> Any:
        reading.set()
        await go_on.wait()
        return await read(run_ids, after)

    engine.store.read = slowly
    run_id = await submit(engine, flow)
    await reading.wait()
    stopping = asyncio.create_task(worker.stop(drain=0))
    await asyncio.sleep(0.02)
    go_on.set()
    await stopping
    assert worker.busy == 0
    assert rows(engine.store.conninfo, "select status, losses from runs") == [("queued", 0)]
    engine.store.read = read
    gate.open.set()
    await start_worker(engine)
    await ended(engine, run_id)


async def test_a_tick_that_comes_due_at_the_moment_of_stopping_does_not_keep_the_worker(
    open_engine: Open, gate: Gate
) -> None:
    engine = await open_engine(gate.flow())
    worker = engine.worker(QUICK)
    working = asyncio.create_task(worker.run())
    await until(lambda: rows(engine.store.conninfo, "select 1 from workers"))

    class Both(asyncio.Event):
        def set(self) -> None:
            super().set()
            worker._ticked.set()

    worker._drained = Both()
    worker._stopping.set()
    await asyncio.sleep(0.02)  # it has stopped claiming, and waits for its turns to end
    await worker.stop()
    await asyncio.wait_for(working, 3)


async def test_stopping_twice_and_before_running_is_fine(open_engine: Open, gate: Gate) -> None:
    engine = await open_engine(gate.flow())
    worker = engine.worker()
    await worker.stop()
    await worker.stop()


async def test_a_worker_without_a_database_says_so_when_it_starts(gate: Gate, artifacts: Any) -> None:
    from pilothouse.runtime.workflows import Workflows

    engine = Engine("host=127.0.0.1 port=1 dbname=none", Workflows([gate.flow()]), artifacts)
    with pytest.raises(DatabaseUnavailable):
        await engine.worker().run()
    await engine.close()


# Waiting costs nothing


async def test_a_thousand_waiting_runs_hold_no_task_and_no_connection(
    open_engine: Open, start_worker: Start
) -> None:
    @workflow("waits")
    async def waits(ctx: Context, number: int) -> str:
        if number % 2:
            await ctx.sleep(3600)
        return await ctx.ask("?")

    engine = await open_engine(waits)
    worker = await start_worker(engine)
    sessions = (
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    )
    first = await submit(engine, waits, 0)
    await status(engine, first, "waiting")
    await until(lambda: worker.busy == 0)
    tasks, connections = len(asyncio.all_tasks()), rows(engine.store.conninfo, sessions)
    await asyncio.gather(*(submit(engine, waits, number) for number in range(999)))
    count = "select count(*) from runs where status = 'waiting'"
    await until(lambda: rows(engine.store.conninfo, count) == [(1_000,)], 30, pause=0.1)
    await until(lambda: len(asyncio.all_tasks()) <= tasks + 3)  # the worker's own come and go
    assert worker.busy == 0
    assert rows(engine.store.conninfo, sessions) == connections
    await engine.answer(first, "ask#0", "still there")
    assert await output(engine, first) == "still there"


async def test_a_timer_survives_the_worker_that_set_it(open_engine: Open, start_worker: Start) -> None:
    @workflow("naps")
    async def naps(ctx: Context) -> list[str]:
        before = ctx.now()
        await ctx.sleep(40 * 86_400)
        return [str(before), str(ctx.now())]

    clock = ManualClock()
    start = clock.now()
    first = await open_engine(naps, clock=clock)
    worker = await start_worker(first, QUICK)
    run_id = await submit(first, naps)
    await status(first, run_id, "waiting")
    await worker.stop()
    second = await open_engine(naps, clock=clock)
    await start_worker(second, QUICK)
    await asyncio.sleep(0.15)
    assert await second.status(run_id) == "waiting"
    clock.advance(40 * 86_400)
    assert await output(second, run_id) == [str(start), str(clock.now())]


async def test_a_worker_sees_to_the_journals_partitions(open_engine: Open, start_worker: Start) -> None:
    @workflow("none")
    async def none(ctx: Context) -> None: ...

    clock = ManualClock()
    engine = await open_engine(none, clock=clock)
    worker = engine.worker(QUICK)
    worker._partitions_due = 0.0
    running = asyncio.create_task(worker.run())
    there = "select to_regclass('journal_2030_01') is not null and to_regclass('journal_2030_04') is not null"
    await until(lambda: rows(engine.store.conninfo, there) == [(True,)])
    await worker.stop()
    await running
    rows(
        engine.store.conninfo, "drop table journal_2030_01, journal_2030_02, journal_2030_03, journal_2030_04"
    )
