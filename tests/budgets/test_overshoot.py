"""Nothing overshoots a hard limit, however many act at once and from wherever."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from pilothouse.runtime.engine import Engine
from pilothouse.runtime.engine import Order as Submitted
from support.spending import Order, budget, shopping
from support.workers import TESTS

RUNS, TIMES, SLOTS, LIMIT = 64, 3, 32, 100


@pytest.fixture
def shops(conninfo: str, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Starts processes that execute 32 runs at once each; they are ended."""
    started: list[subprocess.Popen[str]] = []

    def start() -> None:
        command = [sys.executable, "-m", "support.spending", conninfo, str(tmp_path), str(SLOTS)]
        started.append(subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True))

    def both() -> None:
        start()
        start()
        for process in started:
            assert process.stdout.readline() == "ready\n"

    yield both
    for process in started:
        process.kill()
    for process in started:
        process.wait(10)
        process.stdout.close()


async def test_64_runs_in_two_processes_spend_exactly_what_a_budget_has(
    conninfo: str,
    open_engine: Callable[..., Awaitable[Engine]],
    shops: Callable[[], None],
) -> None:
    """They are not looked at before: each append decides, and refusals fail alone."""
    month = budget(conninfo, hard=LIMIT)
    hour = budget(conninfo, hard=2 * LIMIT, period="hour")
    engine = await open_engine(shopping)
    payload = Order(times=TIMES).model_dump_json().encode()
    runs = [await engine.submit(Submitted("shopping", payload)) for _ in range(RUNS)]
    await asyncio.to_thread(shops)
    bought = 0
    async with asyncio.timeout(30):
        for run in runs:
            async for entry in engine.follow(run):
                last = entry
            assert last.kind == "run_completed", last.payload
            bought += int(last.payload[10:-1])
    with psycopg.connect(conninfo) as connection:
        periods = connection.execute(
            "select budget_id, sum(spent), sum(reserved) from budget_periods group by 1"
        ).fetchall()
        levels = connection.execute(
            "select level from budget_alerts where budget_id = %s order by 1", (month,)
        ).fetchall()
        outcomes = connection.execute("select count(*) from journal where kind = 'dispatch'").fetchone()
        processes = connection.execute("select count(distinct worker_id) from runs").fetchone()
    assert bought == LIMIT < RUNS * TIMES
    assert outcomes == (LIMIT,)
    assert {row[0]: row[1:] for row in periods} == {
        month: (Decimal(LIMIT), Decimal(0)),
        hour: (Decimal(LIMIT), Decimal(0)),
    }
    assert levels == [(50,), (80,), (100,)]
    assert processes is not None
