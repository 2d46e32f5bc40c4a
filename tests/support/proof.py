"""What must hold of the journal and of the world after a fault, and the operator who helps meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

import orjson
import psycopg

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import decode
from pilothouse.runtime.unknown_outcomes import HAPPENED
from pilothouse.runtime.workflows import Workflow
from support.waiting import rows
from support.workers import Workers

OPEN = "select run_id, key, codec, payload from questions where status = 'open'"
TWICE = """
select run_id, key, kind, count(*) from journal where kind in ('completed', 'failed', 'outcome')
 group by run_id, key, kind having count(*) > 1
"""
GAPS = """
select runs.id from runs left join journal on journal.run_id = runs.id group by runs.id
having count(journal.seq) <> runs.seq or min(journal.seq) <> 1 or max(journal.seq) <> runs.seq
"""
STATES = "select status, count(*) from runs group by status"
REPORTED = "select run_id from questions where key like '%%post#%%'"
AWAY = (DatabaseUnavailable, psycopg.OperationalError)


async def ordered(engine: Engine, workflow: Workflow, workers: Workers, name: str) -> UUID:
    """Submit a run until the database has taken it: once, however often it is asked."""
    given = orjson.dumps({"folder": str(workers.folder), "name": name})
    while True:
        try:
            return await engine.submit(Order(workflow.name, given, idempotency_key=name))
        except DatabaseUnavailable:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def operator(engine: Engine, conninfo: str) -> AsyncIterator[None]:
    """Somebody who says of every unknown outcome that it happened, and with what result."""

    async def answer() -> None:
        while True:
            try:
                for run_id, key, codec, payload in rows(conninfo, OPEN):
                    choices = orjson.loads(decode(codec, payload))["choices"]
                    await engine.answer(run_id, key, HAPPENED if choices else "0")
            except AWAY:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.05)

    answering = asyncio.create_task(answer())
    try:
        yield
    finally:
        answering.cancel()
        await asyncio.wait([answering])


async def completed(conninfo: str, runs: int, seconds: float) -> None:
    """Wait until so many runs are completed, through outages."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                if rows(conninfo, STATES) == [("completed", runs)]:
                    return
            except psycopg.OperationalError:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.05)


def prove(conninfo: str, workers: Workers, runs: Mapping[str, UUID]) -> None:
    """Every `errand` is complete, no step is journalled twice, no side effect is lost or doubled unsaid."""
    assert rows(conninfo, STATES) == [("completed", len(runs))]
    assert rows(conninfo, TWICE) == []
    assert rows(conninfo, GAPS) == []
    posted = Counter(what for _, _, what in workers.log if " posted " in what)
    assert set(posted.values()) == {1}
    reported = {run_id for (run_id,) in rows(conninfo, REPORTED)}
    for name, run_id in runs.items():
        missing = [number for number in range(3) if f"{name} posted {number}" not in posted]
        assert not missing or run_id in reported, (name, missing)
