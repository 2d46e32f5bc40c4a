"""Workers are killed at random while many runs are under way: all complete, nothing is done twice unsaid."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import decode
from pilothouse.runtime.unknown_outcomes import HAPPENED
from support import victim
from support.waiting import output, rows, submit
from support.workers import Workers

OPEN = "select run_id, key, codec, payload from questions where status = 'open'"
OUTCOMES = """
select run_id, key, kind, count(*) from journal where kind in ('completed', 'failed', 'outcome')
 group by run_id, key, kind having count(*) > 1
"""
GAPS = """
select runs.id from runs left join journal on journal.run_id = runs.id group by runs.id
having count(journal.seq) <> runs.seq or min(journal.seq) <> 1 or max(journal.seq) <> runs.seq
"""
REPORTED = "select run_id from questions where key like '%%post#%%'"
LEFT = "select count(*) from runs where status in ('queued', 'running', 'waiting')"


@pytest.fixture
def workers(conninfo: str, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(conninfo, tmp_path)
    yield made
    made.stop()


async def operate(engine: Engine) -> None:
    """An operator who says of every unknown outcome that it happened, and with what result."""
    while True:
        for run_id, key, codec, payload in rows(engine.store.conninfo, OPEN):
            choices = orjson.loads(decode(codec, payload))["choices"]
            await engine.answer(run_id, key, HAPPENED if choices else "0")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("runs", "pause", "seconds"), [(40, 0.15, 3.0), pytest.param(200, 0.3, 60.0, marks=pytest.mark.long)]
)
async def test_runs_complete_over_workers_that_are_killed_at_random(
    open_engine: Callable[..., Awaitable[Engine]], workers: Workers, runs: int, pause: float, seconds: float
) -> None:
    engine = await open_engine(*victim.FLOWS)
    conninfo = engine.store.conninfo
    randomly = random.Random(11)
    pids = [workers.start() for _ in range(4)]
    made: list[tuple[str, UUID]] = []
    operating = asyncio.create_task(operate(engine))
    kills = 0
    try:
        for number in range(int(seconds / pause)):
            share = runs * (number + 1) // int(seconds / pause)
            while len(made) < share:
                name = f"run{len(made)}"
                given = {"folder": str(workers.folder), "name": name}
                made.append((name, await submit(engine, victim.errand, given)))
            await asyncio.sleep(pause)
            place = randomly.randrange(len(pids))
            workers.signal(pids[place], signal.SIGKILL)
            pids[place] = workers.start()
            kills += 1
        outputs = [await output(engine, run_id, 60) for _, run_id in made]
    finally:
        operating.cancel()
        await asyncio.wait([operating])
    assert kills == int(seconds / pause)
    assert rows(conninfo, LEFT) == [(0,)]
    assert len(outputs) == runs
    assert rows(conninfo, OUTCOMES) == []  # no step was journalled twice
    assert rows(conninfo, GAPS) == []
    posted = Counter(what for _, _, what in workers.log if " posted " in what)
    assert set(posted.values()) == {1}  # none was dispatched a second time
    reported = {run_id for (run_id,) in rows(conninfo, REPORTED)}
    for name, run_id in made:
        missing = [number for number in range(3) if f"{name} posted {number}" not in posted]
        assert not missing or run_id in reported
