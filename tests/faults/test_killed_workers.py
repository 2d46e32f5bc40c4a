"""Workers are killed at random while many runs are under way: all complete, nothing is done twice unsaid."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from pilothouse.runtime.engine import Engine
from support import victim
from support.proof import completed, operator, ordered, prove
from support.workers import Workers


@pytest.mark.parametrize(
    ("runs", "pause", "kills"), [(40, 0.15, 20), pytest.param(200, 0.3, 200, marks=pytest.mark.long)]
)
async def test_runs_complete_over_workers_that_are_killed_at_random(
    open_engine: Callable[..., Awaitable[Engine]], workers: Workers, runs: int, pause: float, kills: int
) -> None:
    engine = await open_engine(*victim.FLOWS)
    conninfo = engine.store.conninfo
    randomly = random.Random(11)
    pids = [workers.start() for _ in range(4)]
    made: dict[str, UUID] = {}
    async with operator(engine, conninfo):
        for number in range(kills):
            while len(made) < runs * (number + 1) // kills:
                name = f"run{len(made)}"
                made[name] = await ordered(engine, victim.errand, workers, name)
            await asyncio.sleep(pause)
            place = randomly.randrange(len(pids))
            workers.signal(pids[place], signal.SIGKILL)
            pids[place] = workers.start()
        await completed(conninfo, runs, 60)
    prove(conninfo, workers, made)
