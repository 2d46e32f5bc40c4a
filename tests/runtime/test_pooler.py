"""Behind a real PgBouncer in transaction mode: everything works, and no session is left marked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy import text

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.connecting import PoolerInBetween, insist_on_sessions
from pilothouse.kit.session import Database
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows
from support import victim
from support.pooler import PROGRAM, pooler
from support.waiting import output, rows, submit, until

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="not run behind a pooler: pgbouncer is missing")

SESSIONS = 2
QUICK = WorkerSettings(poll=0.1, lease=1.0, grace=0.2, heartbeat=0.05)
MARKED = """
select (select count(*) from pg_prepared_statements) + (select count(*) from pg_cursors)
     + (select count(*) from pg_listening_channels())
     + (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())
     + (select count(*) from pg_settings where source = 'session' and name <> 'application_name')
"""
CONNECTED = "select application_name from pg_stat_activity where datname = current_database()"


@pytest.fixture
def pooled(conninfo: str) -> Iterator[str]:
    with pooler(conninfo, SESSIONS) as through:
        yield through


@pytest.fixture
async def opened(
    pooled: str, conninfo: str, tmp_path: Path
) -> AsyncIterator[Callable[[], Awaitable[SimpleNamespace]]]:
    made: list[SimpleNamespace] = []

    async def make() -> SimpleNamespace:
        artifacts = ObjectArtifacts.local(tmp_path / "artifacts")
        engine = Engine(pooled, Workflows(victim.FLOWS), artifacts, direct=conninfo, prepare=False)
        await engine.open()
        worker = engine.worker(QUICK)
        made.append(SimpleNamespace(engine=engine, worker=worker, task=asyncio.create_task(worker.run())))
        return made[-1]

    yield make
    for each in made:
        await each.worker.stop(drain=0.5)
        await each.task
        await each.engine.close()


def marks(pooled: str) -> list[int]:
    """What is left in each of the sessions that the pooler's clients share."""
    connections = [psycopg.connect(pooled, prepare_threshold=None) for _ in range(SESSIONS)]
    try:  # each in a transaction of its own, so that each has another session
        return [connection.execute(MARKED).fetchone()[0] for connection in connections]
    finally:
        for connection in connections:
            connection.close()


async def test_runs_take_every_turn_through_a_pooler_and_leave_its_sessions_as_they_were(
    opened: Callable[[], Awaitable[SimpleNamespace]], pooled: str, conninfo: str, tmp_path: Path
) -> None:
    engine = (await opened()).engine
    runs = {}
    for number in range(6):
        flow = (victim.journey, victim.errand)[number % 2]
        runs[await submit(engine, flow, {"folder": str(tmp_path), "name": f"run{number}"})] = flow
    results = [await output(engine, run_id) for run_id in runs]
    assert all(results)
    assert rows(conninfo, "select distinct status from runs") == [("completed",)]
    names = {name for (name,) in rows(conninfo, CONNECTED)}
    assert {"pilothouse-listener", "pilothouse-heartbeat"} <= names
    assert marks(pooled) == [0] * SESSIONS


async def test_a_worker_that_is_gone_is_followed_by_another_through_a_pooler(
    opened: Callable[[], Awaitable[SimpleNamespace]], conninfo: str, tmp_path: Path
) -> None:
    first = await opened()
    given = {"folder": str(tmp_path), "name": "g"}
    run_id = await submit(first.engine, victim.gated, given)
    await until(lambda: (tmp_path / "log").exists() and "g lingers" in (tmp_path / "log").read_text())
    second = await opened()
    await until(second.worker._heartbeat.valid)
    first.worker._heartbeat._renew = lambda: None  # it is silent from now on, as a frozen one
    await until(lambda: (tmp_path / "log").read_text().count("g lingers") == 2)
    (tmp_path / "go").touch()
    assert await output(second.engine, run_id) == "paid"
    assert (tmp_path / "log").read_text().count("g paid") == 1


async def test_requests_have_their_time_zone_and_time_limit_and_leave_none_behind(pooled: str) -> None:
    database = Database(pooled, connections=4, statement_timeout=0.2, prepare=False)
    shown = text("select current_setting('timezone'), current_setting('statement_timeout')")
    for _ in range(8):
        async with database.maintenance() as session:
            assert tuple((await session.execute(shown)).one()) == ("UTC", "200ms")
    with pytest.raises(DatabaseUnavailable, match="statement timeout"):
        async with database.maintenance() as session:
            await session.execute(text("select pg_sleep(10)"))
    await database.close()
    assert marks(pooled) == [0] * SESSIONS


def test_a_pooler_without_a_way_past_it_is_refused(pooled: str, conninfo: str) -> None:
    insist_on_sessions(conninfo)
    with pytest.raises(PoolerInBetween) as caught:
        insist_on_sessions(pooled)
    assert "PILOTHOUSE_DATABASE_DIRECT_URL" in caught.value.hint
