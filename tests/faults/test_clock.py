"""A worker's clock is set by an hour: leases and timers go by the database's time and do not notice."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable

import pytest

from pilothouse import Context, agent, workflow
from pilothouse.kit.clock import ServerClock, SystemClock
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker import Worker
from pilothouse.runtime.worker_settings import WorkerSettings
from support.waiting import output, rows, submit, until

QUICK = WorkerSettings(poll=0.05, lease=1.0, grace=0.2, heartbeat=0.05)
HOUR = 3_600.0
AHEAD = """
select extract(epoch from max(wake_at) - clock_timestamp())::float8 from runs where status = 'waiting'
"""
LOST = "select count(*) from journal where kind = 'run_lost'"


class SetClock(SystemClock):
    """A machine's clock that somebody sets."""

    def __init__(self) -> None:
        self.step = 0.0

    def now(self) -> dt.datetime:
        return super().now() + dt.timedelta(seconds=self.step)


@agent
async def tick(_ctx: Context, number: int) -> int:
    await asyncio.sleep(0.02)
    return number


@workflow("naps")
async def naps(ctx: Context, seconds: float = 0.3) -> list[float]:
    """Work, sleep, work; what the clock showed before and after."""
    before = ctx.now()
    await ctx.call(tick, 1)
    await ctx.sleep(seconds)
    await ctx.call(tick, 2)
    return [before.timestamp(), ctx.now().timestamp()]


@workflow("patient")
async def patient(ctx: Context) -> str:
    """Wait for a person, for a moment."""
    return await ctx.ask("?", default="nobody", expires_after=dt.timedelta(seconds=0.5))


@pytest.fixture
def machine() -> SetClock:
    return SetClock()


@pytest.fixture
async def started(
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Worker]],
    machine: SetClock,
) -> tuple[Engine, Worker]:
    """Two processes' engines: one of a machine whose clock is set, one of a machine whose is right."""
    unsteady = await open_engine(naps, patient, clock=ServerClock(machine))
    worker = await start_worker(unsteady, QUICK)
    await start_worker(await open_engine(naps, patient), QUICK)
    return unsteady, worker


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_a_clock_that_is_set_by_an_hour_changes_no_lease_and_no_timer(
    started: tuple[Engine, Worker], machine: SetClock, step: float
) -> None:
    engine, worker = started
    conninfo = engine.store.conninfo
    begun = time.monotonic()
    runs = [await submit(engine, naps, 0.6) for _ in range(12)]
    asked = await submit(engine, patient)
    await until(lambda: rows(conninfo, "select 1 from runs where status = 'waiting'"))
    machine.step = step
    assert worker._heartbeat.valid()
    assert -1 < rows(conninfo, AHEAD)[0][0] < 1
    outputs = [await output(engine, run_id) for run_id in runs]
    took = time.monotonic() - begun
    assert 0.6 <= took < 5
    for before, after in outputs:
        assert 0.6 <= after - before < took + 0.1
        assert abs(after - time.time()) < 10
    assert await output(engine, asked) == "nobody"
    assert worker._heartbeat.valid()
    assert rows(conninfo, LOST) == [(0,)]
    assert rows(conninfo, "select max(losses) from runs") == [(0,)]


async def test_a_machine_that_starts_with_a_wrong_clock_is_put_right_before_it_claims(
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Worker]],
    machine: SetClock,
) -> None:
    machine.step = -HOUR
    engine = await open_engine(naps, clock=ServerClock(machine))
    run_id = await submit(engine, naps, 0.1)
    await start_worker(engine, QUICK)
    before, after = await output(engine, run_id)
    assert abs(before - time.time()) < 10
    assert 0.1 <= after - before < 5
