"""A worker that falls silent within a transaction holds nobody up for longer than its lease."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import psycopg
import pytest

from pilothouse import Context, workflow
from pilothouse.kit.connecting import named
from pilothouse.runtime.claims import LOCKED
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.stuck import end_stuck
from pilothouse.runtime.worker import Worker
from pilothouse.runtime.worker_settings import WorkerSettings
from support.waiting import output, rows, submit

QUICK = WorkerSettings(poll=0.05, lease=0.6, grace=0.2, heartbeat=0.05)
OF_A_DEAD_WORKER = """
update runs set status = 'running', worker_id = gen_random_uuid(), epoch = epoch + 1 where id = %s
"""


@workflow("brief")
async def brief(ctx: Context) -> str:
    """End at once."""
    return "done"


@pytest.fixture
def silent(conninfo: str) -> Iterator[Callable[[str], psycopg.Connection]]:
    """Opens sessions as a worker's, which then says nothing more."""
    opened: list[psycopg.Connection] = []

    def make(lane: str) -> psycopg.Connection:
        opened.append(psycopg.connect(named(conninfo, lane), autocommit=True))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


async def test_claims_go_on_after_a_worker_fell_silent_in_the_midst_of_one(
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Worker]],
    silent: Callable[[str], psycopg.Connection],
) -> None:
    engine = await open_engine(brief)
    claiming = silent("claims")
    claiming.pgconn.enter_pipeline_mode()
    claiming.pgconn.send_query_params(LOCKED.sql.encode(), [])
    claiming.pgconn.send_flush_request()
    claiming.pgconn.flush()  # and nothing behind it
    await start_worker(engine, QUICK)
    assert await output(engine, await submit(engine, brief), 5) == "done"


async def test_a_run_is_taken_over_although_its_worker_fell_silent_with_its_row_locked(
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Worker]],
    silent: Callable[[str], psycopg.Connection],
) -> None:
    engine = await open_engine(brief)
    run_id = await submit(engine, brief)
    rows(engine.store.conninfo, OF_A_DEAD_WORKER, run_id)
    appending = silent("appends")
    appending.execute("begin")
    appending.execute("select 1 from runs where id = %s for no key update", (run_id,))
    await start_worker(engine, QUICK)
    assert await output(engine, run_id, 5) == "done"


def test_only_what_is_silent_within_a_transaction_of_ours_is_ended(
    conninfo: str, silent: Callable[[str], psycopg.Connection]
) -> None:
    idle, foreign, stuck = silent("claims"), silent("reports"), silent("events")
    idle.execute("select 1")
    for each in (foreign, stuck):
        each.execute("begin")
        each.execute("select 1")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        assert end_stuck(connection, 60) == []
        assert end_stuck(connection, 0) == ["pilothouse-events"]
    assert idle.execute("select 2").fetchone() == foreign.execute("select 2").fetchone() == (2,)
    with pytest.raises(psycopg.OperationalError):
        stuck.execute("select 2")
