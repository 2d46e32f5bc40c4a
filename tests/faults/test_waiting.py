"""A thousand runs wait for people over three restarts: they hold nothing, and go on at once when answered."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from pilothouse.runtime.engine import Engine
from support import victim
from support.waiting import output, rows, submit, until
from support.workers import Workers

RUNS = 1_000
MOST = 22 + 7
"""Sessions of a worker and of an engine that submits, opened when they are needed: guides/connections.md."""
WAITING = "select count(*) from runs where status = 'waiting' and worker_id is null and wake_at is null"
SESSIONS = """
select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend'
"""
QUESTIONS = "select run_id, key from questions where status = 'open' order by id"
GOES_ON = """
select extract(epoch from done.at - answered.at)::float8 from journal as answered
  join journal as done using (run_id) where answered.kind = 'answered' and done.kind = 'run_completed'
 order by 1
"""


def resident(pid: int) -> float:
    """Megabytes of memory that a process has resident."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


async def started(workers: Workers, engine: Engine) -> int:
    """A worker process that has finished its own start: one run of it completes."""
    pid = workers.start()
    run_id = await submit(engine, victim.patient)
    key = await until(lambda: question_of(workers.conninfo, run_id))
    await engine.answer(run_id, key, "yes")
    await output(engine, run_id)
    return pid


def question_of(conninfo: str, run_id: object) -> str | None:
    found = rows(conninfo, "select key from questions where run_id = %s and status = 'open'", run_id)
    return found[0][0] if found else None


async def test_a_thousand_waiting_runs_hold_nothing_and_go_on_at_once(
    open_engine: Callable[..., Awaitable[Engine]], workers: Workers
) -> None:
    engine = await open_engine(*victim.FLOWS)
    pid = await started(workers, engine)
    alone = resident(pid)
    await asyncio.gather(*(submit(engine, victim.patient) for _ in range(RUNS)))
    await until(lambda: rows(workers.conninfo, WAITING) == [(RUNS,)], seconds=60)
    assert rows(workers.conninfo, SESSIONS)[0][0] <= MOST

    for _ in range(3):
        workers.signal(pid, signal.SIGKILL)
        pid = await started(workers, engine)
        assert rows(workers.conninfo, WAITING) == [(RUNS,)]
        assert resident(pid) - alone < 50  # for all of them together
    rows(
        workers.conninfo,
        "delete from journal where run_id in (select id from runs where status = 'completed')",
    )
    await until(lambda: rows(workers.conninfo, SESSIONS)[0][0] <= MOST)  # those of the killed ones are gone

    for run_id, key in rows(workers.conninfo, QUESTIONS):
        await engine.answer(run_id, key, "yes")
    await until(lambda: rows(workers.conninfo, WAITING) == [(0,)])
    await until(lambda: len(rows(workers.conninfo, GOES_ON)) == RUNS)
    seconds = [value for (value,) in rows(workers.conninfo, GOES_ON)]
    assert seconds[int(RUNS * 0.95)] < 1.0
