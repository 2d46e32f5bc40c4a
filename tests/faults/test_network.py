"""The network between worker and database drops, delays, half-closes, swallows: it comes back, fenced."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.connecting import watched
from pilothouse.kit.session import Database
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.listener import RUNS, Listener
from pilothouse.runtime.workflows import Workflows
from support import victim
from support.proof import completed, operator, ordered, prove
from support.proxy import Proxy
from support.waiting import output, rows, submit, until
from support.workers import Workers

PRESENT = "select pid from workers"
HEARTBEATS = """
select count(*) from pg_stat_activity
 where datname = current_database() and application_name = 'pilothouse-heartbeat'
"""
SILENCE = 1.0


@pytest.fixture
def proxy(conninfo: str) -> Iterator[Proxy]:
    with Proxy(conninfo) as made:
        yield made


FAULTS: dict[str, Callable[[Proxy], object]] = {
    "drops": lambda proxy: proxy.drop(),
    "refuses": lambda proxy: proxy.drop(refuse=True),
    "delays": lambda proxy: setattr(proxy, "delay", 0.1),
    "half-closes": lambda proxy: proxy.half_close(),
    "swallows": lambda proxy: proxy.swallow(),
}


@pytest.mark.parametrize(("faults", "runs"), [(6, 40), pytest.param(60, 400, marks=pytest.mark.long)])
async def test_workers_over_a_network_that_fails_at_random_lose_nothing_and_double_nothing(
    open_engine: Callable[..., Awaitable[Engine]], workers: Workers, proxy: Proxy, faults: int, runs: int
) -> None:
    engine = await open_engine(*victim.FLOWS)
    randomly = random.Random(5)
    far = [workers.start(watched(proxy.conninfo, SILENCE)) for _ in range(2)]
    started = {*far, workers.start()}  # one that starts without a database ends, which is for its operator
    await until(lambda: started <= {pid for (pid,) in rows(workers.conninfo, PRESENT)})
    made: dict[str, UUID] = {}

    async def load() -> None:
        for number in range(runs):
            name = f"run{number}"
            made[name] = await ordered(engine, victim.errand, workers, name)
            await asyncio.sleep(faults * 0.5 / runs)

    async with operator(engine, workers.conninfo):
        loading = asyncio.create_task(load())
        order = [name for _ in range(faults) for name in randomly.sample(sorted(FAULTS), len(FAULTS))]
        for name in order[:faults]:
            await asyncio.sleep(randomly.uniform(0.1, 0.3))
            FAULTS[name](proxy)
            await asyncio.sleep(randomly.choice((0.05, 0.3, victim.SETTINGS.lease * 1.5)))
            proxy.mend()
        await loading
        await completed(workers.conninfo, runs, 30)
    prove(workers.conninfo, workers, made)


async def test_a_worker_that_was_cut_off_is_fenced_although_its_messages_arrive_late(
    open_engine: Callable[..., Awaitable[Engine]], workers: Workers, proxy: Proxy
) -> None:
    engine = await open_engine(*victim.FLOWS)
    cut = workers.start(watched(proxy.conninfo, SILENCE))
    run_id = await submit(engine, victim.gated, {"folder": str(workers.folder), "name": "g"})
    await until(lambda: workers.done("g lingers") == [cut])
    other = workers.start()
    await until(lambda: {cut, other} <= {pid for (pid,) in rows(workers.conninfo, PRESENT)})
    proxy.swallow()
    await until(lambda: workers.done("g lingers") == [cut, other])
    (workers.folder / "go").touch()
    assert await output(engine, run_id) == "paid"
    proxy.mend()  # what the one that was cut off had sent arrives now
    more = await submit(engine, victim.gated, {"folder": str(workers.folder), "name": "h"})
    assert await output(engine, more) == "paid"
    assert workers.done("g paid") == [other]
    assert [entry.kind for entry in await engine.journal(run_id)].count(Kind.DISPATCH) == 1


async def test_a_worker_that_is_stopped_while_it_still_connects_leaves_nothing_behind(
    proxy: Proxy, conninfo: str, tmp_path: Path
) -> None:
    artifacts = ObjectArtifacts.local(tmp_path / "artifacts")
    engine = Engine(conninfo, Workflows(victim.FLOWS), artifacts, direct=proxy.conninfo)
    await engine.open()
    worker = engine.worker()
    proxy.delay = 0.05
    working = asyncio.create_task(worker.run())
    await until(lambda: rows(conninfo, HEARTBEATS) == [(1,)])
    await worker.stop()
    await working
    await engine.close()
    assert rows(conninfo, PRESENT) == []
    await until(lambda: rows(conninfo, HEARTBEATS) == [(0,)])


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_a_lane_a_pool_and_a_listener_come_back_by_themselves(proxy: Proxy, fault: str) -> None:
    conninfo = watched(proxy.conninfo, 0.5)
    heard: list[str | None] = []
    async with AsyncExitStack() as stack:
        lane, listener, database = Lane(conninfo), Listener(conninfo), Database(conninfo)
        database._silence = 0.5
        stack.push_async_callback(lane.close)
        stack.push_async_callback(listener.stop)
        stack.push_async_callback(database.close)

        async def works() -> bool:
            try:
                async with database.maintenance() as session:
                    await session.execute(text("select 1"))
                return await lane.rows("select 1") == [(1,)]
            except DatabaseUnavailable:
                return False

        listener.on(RUNS, heard.append)
        await listener.start()
        assert await works()
        FAULTS[fault](proxy)
        async with asyncio.timeout(5):  # whatever it meets, it ends
            await works()
        if fault in {"half-closes", "swallows"}:
            await until(lambda: not listener.connected)  # although nobody tells it so
        proxy.mend()
        await until(works)
        await until(lambda: listener.connected)
        heard.clear()
        assert await lane.rows("select 1 from pg_notify('pilothouse_runs', 'again')") == [(1,)]
        await until(lambda: "again" in heard)
