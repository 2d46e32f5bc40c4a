"""The worker: what it claims, how it stops, and what it does about runs that do not stop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from pilothouse import Context, agent, tool, workflow
from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.ids import Ids
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.worker import Worker
from pilothouse.runtime.worker_settings import WorkerSettings
from support.clocks import ManualClock
from support.waiting import ended, output, rows, said, shown, status, submit, until

Open = Callable[..., Awaitable[Engine]]
Start = Callable[..., Awaitable[Worker]]

QUICK = WorkerSettings(poll=0.05, heartbeat=0.05, unwind=0.2)
KILL_OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid()
"""


class Gate:
    """Steps that wait to be let through, and how many wait."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.entered: list[Any] = []

    def flow(self, name: str = "gated", version: int = 1) -> Any:
        @agent
        async def wait(ctx: Context, value: Any) -> Any:
            self.entered.append(value)
            await self.open.wait()
            return value

        @workflow(name, version=version)
        async def gated(ctx: Context, value: Any = None) -> Any:
            return await ctx.call(wait, value)

        return gated


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
    worker._heartbeat.valid = lambda: False
    run_id = await submit(engine, flow, 1)
    await asyncio.sleep(0.2)
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
            time.sleep(0.01)  # in an `async def`: the loop stands still

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
