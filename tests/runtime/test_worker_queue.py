"""Workers and the queue: what each may execute, limits that hold among them, how one leaves, who is first."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pilothouse import Context, workflow
from pilothouse.errors import InvalidInput, NotFound
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker import Worker
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows
from support.gate import Gate
from support.waiting import ended, output, rows, submit, until

Open = Callable[..., Awaitable[Engine]]
Start = Callable[..., Awaitable[Worker]]

QUICK = WorkerSettings(poll=0.05, heartbeat=0.05, unwind=0.2)
WORKERS = "select pins, labels, version, slots, draining from workers"
LIMIT = "insert into limits (scope, tenant_id, workflow, concurrency, rate, per_seconds) values"
TIMERS = """
insert into runs (id, tenant_id, workflow, version, pin, status, wake_at)
select gen_random_uuid(), 'many', 'gone', 1, %s, 'waiting', now() - interval '1 minute'
  from generate_series(1, %s)
"""


@pytest.fixture
async def gate() -> Gate:
    return Gate()


def flow(name: str, **how: Any) -> Any:
    @workflow(name, **how)
    async def done(ctx: Context, value: Any = None) -> Any:
        return value

    return done


# What a worker may execute


async def test_a_worker_has_only_what_its_labels_meet_and_says_so(
    open_engine: Open, start_worker: Start
) -> None:
    easy, hard = flow("easy"), flow("hard", requires={"gpu": "a100", "zone": "eu"})
    engine = await open_engine(easy, hard)
    plain = await start_worker(engine, WorkerSettings(labels={"gpu": "a100"}, slots=7))
    assert rows(engine.store.conninfo, WORKERS)[0][:2] == (["easy@1"], {"gpu": "a100"})
    assert rows(engine.store.conninfo, WORKERS)[0][3:] == (7, False)
    run_id = await submit(engine, hard, 1)
    assert await output(engine, await submit(engine, easy, 2)) == 2
    assert await engine.status(run_id) == "queued"
    assert plain.pins == ["easy@1"]
    await start_worker(await open_engine(easy, hard), WorkerSettings(labels={"gpu": "a100", "zone": "eu"}))
    assert await output(engine, run_id) == 1


async def test_a_worker_may_be_for_some_workflows_only(open_engine: Open, start_worker: Start) -> None:
    one, two = flow("one"), flow("two")
    engine = await open_engine(one, two)
    worker = await start_worker(engine, WorkerSettings(only=["two"]))
    assert worker.pins == ["two@1"]
    waits = await submit(engine, one)
    assert await output(engine, await submit(engine, two, 3)) == 3
    assert await engine.status(waits) == "queued"
    with pytest.raises(NotFound, match="three"):
        engine.worker(WorkerSettings(only=["three"]))


def test_what_a_workflow_requires_is_a_label() -> None:
    found = Workflows([flow("a"), flow("b", requires={"gpu": "h100"}), flow("b", version=2)])
    assert found.executable({}) == ["a@1", "b@2"]
    assert found.executable({"gpu": "h100", "more": "yes"}) == ["a@1", "b@1", "b@2"]
    assert found.executable({"gpu": "l4"}, ["b"]) == ["b@2"]
    with pytest.raises(InvalidInput, match="no label key"):
        flow("w", requires={"no key!": "x"})


# Limits


async def test_two_workers_never_execute_more_together_than_a_limit_says(
    open_engine: Open, start_worker: Start
) -> None:
    under_way, most = 0, 0

    @workflow("counts")
    async def counts(ctx: Context, number: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            await ctx.ask("?", key="k", default="x") if number < 0 else await asyncio.sleep(0.005)
        finally:
            under_way -= 1

    engines = [await open_engine(counts), await open_engine(counts)]
    rows(engines[0].store.conninfo, f"{LIMIT} ('each_tenant', '', 'counts', 3, null, 1)")
    for engine in engines:
        await start_worker(engine, WorkerSettings(slots=10, poll=0.05))
    runs = await asyncio.gather(*(submit(engines[0], counts, number) for number in range(60)))
    for run_id in runs:
        await ended(engines[0], run_id)
    assert most == 3


async def test_what_a_rate_holds_back_starts_when_its_time_has_come(
    open_engine: Open, start_worker: Start
) -> None:
    engine = await open_engine(quick := flow("quick"))
    rows(engine.store.conninfo, f"{LIMIT} ('installation', '', '*', null, 4, 1)")
    await start_worker(engine, WorkerSettings(poll=30))
    started = time.monotonic()
    for run_id in [await submit(engine, quick, number) for number in range(6)]:
        await ended(engine, run_id)
    assert 0.4 < time.monotonic() - started < 5  # four at once, then one each quarter of a second


# How one leaves


async def test_a_worker_that_drains_claims_nothing_more_and_says_so(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    engine = await open_engine(gated := gate.flow())
    worker = await start_worker(engine, QUICK)
    held = await submit(engine, gated, 1)
    await until(lambda: gate.entered)
    stopping = asyncio.create_task(worker.stop(drain=20))
    await until(lambda: rows(engine.store.conninfo, WORKERS)[0][4] is True)
    left = await submit(engine, gated, 2)
    gate.open.set()
    await stopping
    assert await engine.status(held) == "completed"
    assert (await engine.status(left), gate.entered) == ("queued", [1])
    assert rows(engine.store.conninfo, WORKERS) == []


async def test_a_worker_that_is_hurried_gives_back_at_once(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    engine = await open_engine(gated := gate.flow())
    worker = await start_worker(engine, QUICK)
    run_id = await submit(engine, gated, 1)
    await until(lambda: gate.entered)
    started = time.monotonic()
    stopping = asyncio.create_task(worker.stop(drain=60))
    await asyncio.sleep(0)
    worker.hurry()
    await stopping
    assert time.monotonic() - started < 5
    assert await engine.status(run_id) == "queued"


# Who is first


async def test_a_tenants_first_run_is_claimed_with_the_next_slot(
    open_engine: Open, start_worker: Start, gate: Gate
) -> None:
    gated = gate.flow()
    engine = await open_engine(gated)
    order: list[str] = []
    claim = engine.store._claiming.claim

    async def noted(*given: Any) -> Any:
        found = await claim(*given)
        order.extend(row[1] for row in found)
        return found

    engine.store._claiming.claim = noted  # type: ignore[method-assign]  # to see the order
    many = [await submit(engine, gated, n, tenant_id="many", priority=100) for n in range(40)]
    await start_worker(engine, WorkerSettings(slots=4))
    await until(lambda: len(order) == 4)
    few = await submit(engine, gated, -1, tenant_id="few")
    gate.open.set()
    await ended(engine, few)
    assert order.index("few") <= 4 + 4  # behind those that had a slot, and those claimed at that moment
    for run_id in many:
        await ended(engine, run_id)


@pytest.mark.parametrize("timers", [3_000, pytest.param(50_000, marks=pytest.mark.long)])
async def test_timers_that_are_due_keep_no_other_tenants_run_waiting(
    open_engine: Open, start_worker: Start, timers: int
) -> None:
    gone, here = flow("gone"), flow("here")
    engine = await open_engine(gone, here)
    rows(engine.store.conninfo, TIMERS, gone.pin, timers)
    await start_worker(engine, WorkerSettings(slots=1, poll=0.05, only=["here"]))
    waits = []
    for _ in range(5):
        started = time.monotonic()
        assert await output(engine, await submit(engine, here, 1, tenant_id="few")) == 1
        waits.append(time.monotonic() - started)
    assert statistics.median(waits) < 1
    awake = "select count(*) from runs where status = 'queued' and tenant_id = 'many'"
    await until(lambda: rows(engine.store.conninfo, awake) == [(timers,)], 60)


# Wake-ups


async def test_a_run_of_which_nobody_was_told_is_executed_within_the_poll(
    open_engine: Open, start_worker: Start
) -> None:
    engine = await open_engine(quick := flow("quick"))
    await start_worker(engine, WorkerSettings(poll=0.4))
    run_id = await submit(engine, quick, 1)
    assert await output(engine, run_id) == 1
    untold = "update runs set status = 'queued', seq = 1 where id = %s"
    rows(engine.store.conninfo, "delete from journal where run_id = %s and seq > 1", run_id)
    rows(engine.store.conninfo, untold, run_id)
    await until(lambda: rows(engine.store.conninfo, "select status from runs") == [("completed",)], 2)


async def test_a_wake_up_between_a_claim_and_the_wait_is_not_lost(
    open_engine: Open, start_worker: Start
) -> None:
    engine = await open_engine(quick := flow("quick"))
    told = asyncio.Event()
    made: list[Any] = []
    off = engine.listener.on("pilothouse_runs", lambda _payload: told.set())
    claim = engine.store.claim

    async def blind(*given: Any) -> Any:
        """Find nothing, and return only once a run was submitted and its notification has arrived."""
        if made:
            return await claim(*given)
        told.clear()
        made.append(await submit(engine, quick, 7))
        async with asyncio.timeout(10):
            await told.wait()
        return []

    engine.store.claim = blind  # type: ignore[method-assign]  # to be told in between
    await start_worker(engine, WorkerSettings(poll=30))
    await until(lambda: made)
    assert await output(engine, made[0], 5) == 7
    off()
