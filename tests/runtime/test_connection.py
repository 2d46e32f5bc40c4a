"""A kept connection: opened when needed and again after it was lost, with errors that say what to do."""

from __future__ import annotations

import asyncio
import time

import psycopg
import pytest

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.connection import Lane, explain
from support.waiting import rows

KILL = "select pg_terminate_backend(%s)"


async def test_a_lane_is_opened_when_it_is_used_with_its_settings(conninfo: str) -> None:
    lane = Lane(conninfo, ("enable_seqscan = off",))
    assert await lane.rows("show enable_seqscan") == [("off",)]
    assert await lane.rows("set application_name to 'mine'") == []
    await lane.close()


async def test_a_lane_that_lost_its_connection_says_so_once_and_opens_another(conninfo: str) -> None:
    lane = Lane(conninfo)
    ((pid,),) = await lane.rows("select pg_backend_pid()")
    rows(conninfo, KILL, pid)
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await lane.rows("select 1")
    assert await lane.rows("select 1") == [(1,)]
    await lane.close()


async def test_a_lane_without_a_server_says_what_to_do() -> None:
    lane = Lane("host=127.0.0.1 port=1 dbname=none")
    with pytest.raises(DatabaseUnavailable) as caught:
        await lane.rows("select 1")
    assert "doctor" in caught.value.hint


async def test_a_transaction_on_a_held_lane_is_undone_by_an_error(conninfo: str) -> None:
    lane = Lane(conninfo)
    await lane.rows("create temporary table kept (n int)")

    async def write() -> None:
        async with lane.held() as connection, connection.transaction():
            await connection.execute("insert into kept values (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write()
    assert await lane.rows("select count(*) from kept") == [(0,)]
    await lane.close()


async def test_a_caller_that_is_cancelled_leaves_the_lane_usable(conninfo: str) -> None:
    lane = Lane(conninfo)
    await lane.rows("select 1")
    slow = asyncio.create_task(lane.rows("select pg_sleep(30)"))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert await lane.rows("select 2") == [(2,)]
    assert time.monotonic() - started < 5
    await lane.close()


async def test_a_statement_that_is_wrong_is_no_outage(conninfo: str) -> None:
    lane = Lane(conninfo)
    with pytest.raises(psycopg.errors.UndefinedTable):
        await lane.rows("select * from nowhere")
    await lane.close()


async def test_what_is_too_large_for_postgresql_is_no_outage_either(conninfo: str) -> None:
    lane = Lane(conninfo)
    await lane.rows("create temporary table keys (key text primary key)")
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="index row size"):
        await lane.rows("insert into keys select string_agg(md5(n::text), '') from generate_series(1, 200) n")
    await lane.close()


async def test_a_closed_lane_opens_nothing_any_more(conninfo: str) -> None:
    lane = Lane(conninfo)
    await lane.close()
    with pytest.raises(DatabaseUnavailable, match="closed"):
        await lane.rows("select 1")


def test_a_full_disk_is_named() -> None:
    error = explain(psycopg.errors.DiskFull("could not extend file"))
    assert "disk is full" in error.message
    assert "Free some space" in error.hint
    assert error.retryable
