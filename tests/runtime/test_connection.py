"""A kept connection: opened when needed and again after it was lost, with errors that say what to do."""

from __future__ import annotations

import asyncio
import time

import psycopg
import pytest

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.connection import Lane, Query, explain
from support.waiting import rows, until

KILL = "select pg_terminate_backend(%s)"


SHOWN = "select current_setting('enable_seqscan'), current_setting('jit')"


async def test_a_lanes_settings_hold_for_its_statements_and_not_for_its_session(conninfo: str) -> None:
    lane = Lane(conninfo, {"enable_seqscan": "off"})
    before = rows(conninfo, SHOWN)
    for _ in range(7):  # prepared, too
        assert await lane.rows(SHOWN) == [("off", "off")]
    connection = await lane.connection()
    assert await (await connection.execute(SHOWN)).fetchall() == before
    assert await lane.rows("create temporary table kept (n int)") == []
    await lane.close()


async def test_what_comes_before_a_statement_is_in_its_transaction(conninfo: str) -> None:
    lane = Lane(conninfo)
    insert = Query("insert into kept values (%s)", (1,))
    await lane.rows("create temporary table kept (n int primary key)")
    assert await lane.rows("select n from kept", before=[insert]) == [(1,)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        await lane.rows("insert into kept values (1)", before=[Query("insert into kept values (2)")])
    with pytest.raises(psycopg.errors.UniqueViolation):
        await lane.rows("insert into kept values (2)", before=[insert])
    assert await lane.rows("select n from kept") == [(1,)]
    await lane.close()


async def test_a_lane_says_what_it_is_for(conninfo: str) -> None:
    lane = Lane(conninfo, purpose="claims")
    assert await lane.rows("select current_setting('application_name')") == [("pilothouse-claims",)]
    await lane.close()


@pytest.mark.parametrize(("prepare", "kept"), [(True, 1), (False, 0)])
async def test_statements_are_kept_on_the_server_only_where_that_is_allowed(
    conninfo: str, prepare: bool, kept: int
) -> None:
    lane = Lane(conninfo, {"enable_seqscan": "off"}, prepare=prepare)
    for _ in range(7):
        await lane.rows("select 1 where false")
    found = await lane.rows("select count(*) from pg_prepared_statements where statement ~ 'where false$'")
    assert found == [(kept,)]
    await lane.close()


async def test_a_lane_that_met_a_server_without_writes_looks_for_another(conninfo: str) -> None:
    lane = Lane(conninfo)
    first = await lane.connection()
    await first.execute("set default_transaction_read_only = on")  # as on a server that was demoted
    with pytest.raises(DatabaseUnavailable, match="read-only"):
        await lane.rows("delete from workers")
    assert await lane.rows("delete from workers") == []
    assert first.closed
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


@pytest.mark.parametrize("settings", [None, {"enable_seqscan": "off"}])
async def test_a_caller_that_is_cancelled_leaves_the_lane_usable(
    conninfo: str, settings: dict[str, str] | None
) -> None:
    lane = Lane(conninfo, settings)
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


async def test_a_lane_that_is_closed_while_it_connects_keeps_no_connection(conninfo: str) -> None:
    lane = Lane(conninfo, purpose="late")
    connecting = asyncio.create_task(lane.rows("select 1"))
    await asyncio.sleep(0)  # it has begun
    await lane.close()
    with pytest.raises(DatabaseUnavailable, match="closed"):
        await connecting
    shown = "select count(*) from pg_stat_activity where application_name = 'pilothouse-late'"
    await until(lambda: rows(conninfo, shown) == [(0,)])


async def test_a_lane_that_is_closed_while_its_last_answer_is_read_keeps_none(
    conninfo: str,
) -> None:
    lane = Lane(conninfo)
    async with lane.held() as connection:
        async with connection.lock:  # as whoever reads an answer that is there already
            await lane.close()
        assert connection.pgconn.status == psycopg.pq.ConnStatus.OK
    assert connection.pgconn.status == psycopg.pq.ConnStatus.BAD


def test_a_full_disk_is_named() -> None:
    error = explain(psycopg.errors.DiskFull("could not extend file"))
    assert "disk is full" in error.message
    assert "Free some space" in error.hint
    assert error.retryable
