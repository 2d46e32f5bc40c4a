"""Several statements in one round trip: what they find, in which order, and what becomes of failures."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import psycopg
import pytest

from pilothouse.kit.connecting import Connection, connect
from pilothouse.kit.roundtrip import round_trip

AT = dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC)
KEPT = "select count(*)::int from pg_prepared_statements where name like 'trip%%'"


@pytest.fixture(params=[0, None], ids=["prepared", "not prepared"])
async def connection(request: pytest.FixtureRequest, conninfo: str) -> AsyncIterator[Connection]:
    async with await connect(
        conninfo, "trip", autocommit=True, prepare_threshold=request.param
    ) as connection:
        await connection.execute("create temporary table seen (number int)")
        yield connection


async def kept(connection: Connection, wanted: int) -> None:
    """So many statements are kept on the server, or none where none may be."""
    (found,) = await (await connection.execute(KEPT)).fetchone() or (None,)
    assert found == (0 if connection.prepare_threshold is None else wanted)


async def test_statements_are_executed_in_order_and_each_has_its_rows(connection: Connection) -> None:
    some = uuid4()
    rows = await round_trip(
        connection,
        [
            ("insert into seen select unnest(%s::int[])", ([3, 1, 2],)),
            ("select number from seen order by 1", ()),
            ("select %s::uuid, %s::timestamptz, %s::bytea, %s::text", (some, AT, b"\x00\xff", None)),
            ("select 10 %% 4, %s", ("100 %",)),
        ],
    )
    assert rows == [[], [(1,), (2,), (3,)], [(some, AT, b"\x00\xff", None)], [(2, "100 %")]]
    assert isinstance(rows[2][0][0], UUID)


async def test_all_of_it_is_one_transaction_and_the_first_failure_is_raised(connection: Connection) -> None:
    failing = [
        ("insert into seen values (1)", ()),
        ("select 1 / %s::int", (0,)),
        ("select no_such_column", ()),
    ]
    for _ in range(3):  # also with what the first time had prepared, or not
        with pytest.raises(psycopg.errors.DivisionByZero):
            await round_trip(connection, failing)
        assert await round_trip(connection, [("select count(*) from seen", ())]) == [[(0,)]]
    await kept(connection, 3)


async def test_what_fails_only_when_it_is_committed_is_raised_too(connection: Connection) -> None:
    await connection.execute("create temporary table once (number int unique deferrable initially deferred)")
    twice = [("insert into once values (%s)", (1,))] * 2
    with pytest.raises(psycopg.errors.UniqueViolation):
        await round_trip(connection, twice)
    assert await round_trip(connection, [("select count(*) from once", ())]) == [[(0,)]]


async def test_a_transaction_of_its_own_is_left_open_by_a_failure_to_be_rolled_back(
    connection: Connection,
) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        await round_trip(connection, [("begin", ()), ("select from nowhere", ()), ("commit", ())])
    assert connection.info.transaction_status is psycopg.pq.TransactionStatus.INERROR
    await round_trip(connection, [("rollback", ())])
    assert await round_trip(connection, [("select 1", ())]) == [[(1,)]]


async def test_statements_are_kept_on_the_server_once_for_each_types(connection: Connection) -> None:
    for given in (1, 2, "three", None):
        await round_trip(connection, [("select (%s)::text", (given,))])
    await kept(connection, 2)


async def test_a_statement_whose_table_has_changed_is_prepared_anew(connection: Connection) -> None:
    assert await round_trip(connection, [("select * from seen", ())]) == [[]]
    await round_trip(connection, [("alter table seen add column name text", ())])
    if connection.prepare_threshold is not None:
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="cached plan"):
            await round_trip(connection, [("select * from seen", ())])
    assert await round_trip(connection, [("select * from seen", ())]) == [[]]


async def test_what_is_larger_than_the_socket_takes_at_once_arrives(connection: Connection) -> None:
    large = b"x" * 5_000_000
    many = [("select octet_length(%s::bytea), %s::bytea", (large, large))] * 3
    assert await round_trip(connection, many) == [[(len(large), large)]] * 3


async def test_who_gives_up_leaves_no_answers_to_the_next_one(connection: Connection) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await round_trip(connection, [("select pg_sleep(5)", ()), ("select 1", ())])
    assert connection.closed or await round_trip(connection, [("select 2", ())]) == [[(2,)]]


async def test_a_connection_that_is_lost_is_told_as_such(connection: Connection, conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as other:
        asked = asyncio.create_task(round_trip(connection, [("select pg_sleep(5)", ())]))
        await asyncio.sleep(0.05)
        other.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            await asked
    assert connection.closed
