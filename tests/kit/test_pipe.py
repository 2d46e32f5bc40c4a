"""Many statements share a round trip, and a connection that fails is given up whole."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from pilothouse.kit.connecting import NoAnswer, connect, watched
from pilothouse.kit.pipe import Pipe
from support.proxy import Proxy


@pytest.fixture
def proxy(conninfo: str) -> Iterator[Proxy]:
    with Proxy(conninfo) as made:
        yield made


async def opened(conninfo: str, *, prepare: bool = True, silence: float = 20) -> Pipe:
    return Pipe(await connect(conninfo, "pipe", autocommit=True), prepare=prepare, silence=silence)


@pytest.fixture(params=[True, False], ids=["prepared", "through a pooler"])
async def pipe(conninfo: str, request: pytest.FixtureRequest) -> AsyncIterator[Pipe]:
    made = await opened(conninfo, prepare=request.param)
    yield made
    made.close()


async def test_rows_have_the_columns_as_attributes_and_values_of_their_types(pipe: Pipe) -> None:
    some = uuid.uuid4()
    sql = """
    select $1::uuid as id, $2 as text, $3::int as number, $4::float8 as fraction, $5::text as nothing,
           array[$1::uuid] as ids, '{"a": [1]}'::jsonb as document, '\\x00ff'::bytea as bytes, true as yes
    """
    for _ in range(2):
        (rows,) = await pipe.ask([(sql, (some, "ä", 7, 0.5, None))])
        (row,) = rows
        assert (row.id, row.text, row.number, row.fraction, row.nothing) == (some, "ä", 7, 0.5, None)
        assert (row.ids, row.document, bytes(row.bytes), row.yes) == ([some], {"a": [1]}, b"\x00\xff", True)


async def test_times_are_in_utc_whatever_the_session_says(pipe: Pipe) -> None:
    asked = [
        ("set timezone to 'Asia/Tokyo'", ()),
        ("select timestamptz '1969-07-20 20:17:40.5+00' as at", ()),
    ]
    ((row,),) = await pipe.ask(asked)
    assert row.at == dt.datetime(1969, 7, 20, 20, 17, 40, 500_000, dt.UTC)
    assert row.at.tzinfo is dt.UTC


async def test_all_statements_of_a_question_are_one_transaction(pipe: Pipe) -> None:
    now = ("select now() as at", ())
    ((first,), (second,)) = await pipe.ask([now, now])
    ((third,),) = await pipe.ask([now])
    assert first.at == second.at < third.at


async def test_a_statement_that_fails_undoes_the_others_and_leaves_the_connection_usable(pipe: Pipe) -> None:
    await pipe.ask([("create temp table t (n int)", ())])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await pipe.ask([("insert into t values (1)", ()), ("select 1 / $1::int", (0,)), ("select 1", ())])
    assert not pipe.closed
    (rows,) = await pipe.ask([("select n from t", ())])
    assert rows == []


async def test_a_plan_that_a_migration_made_stale_is_made_anew_after_one_failure(pipe: Pipe) -> None:
    everything = ("select * from u", ())
    await pipe.ask([("create temp table u (n int)", ())])
    await pipe.ask([everything])
    await pipe.ask([("alter table u add column m int", ())])
    try:
        await pipe.ask([everything])
    except psycopg.errors.FeatureNotSupported:
        assert pipe._prepare
    assert await pipe.ask([everything]) == [[]]


async def test_text_that_postgresql_cannot_hold_is_refused_before_anything_is_sent(pipe: Pipe) -> None:
    for text in ("a\0b", "half \ud800"):
        with pytest.raises(psycopg.DataError):
            await pipe.ask([("select 1 as n", ()), ("select $1::text", (text,))])
    ((row,),) = await pipe.ask([("select 2 as n", ())])
    assert row.n == 2


async def test_what_is_longer_than_the_sockets_buffers_is_sent_whole(pipe: Pipe) -> None:
    long = "x" * (16 << 20)
    ((row,),) = await pipe.ask([("select length($1::text) as n", (long,))])
    assert row.n == len(long)


async def test_an_unanswered_question_closes_the_connection(proxy: Proxy) -> None:
    pipe = await opened(watched(proxy.conninfo, 1), silence=0.2)
    await pipe.ask([("select 1", ())])
    proxy.swallow()
    started = time.monotonic()
    with pytest.raises(NoAnswer, match=r"nothing was heard for 0\.2 s"):
        await pipe.ask([("select 2", ())])
    assert 0.2 <= time.monotonic() - started < 2
    assert pipe.closed


async def test_a_connection_that_ends_while_nobody_asks_is_known_to_be_closed(
    pipe: Pipe, conninfo: str
) -> None:
    ((row,),) = await pipe.ask([("select pg_backend_pid() as pid", ())])
    with psycopg.connect(conninfo) as other:
        other.execute("select pg_terminate_backend(%s)", (row.pid,))
    async with asyncio.timeout(5):
        while not pipe.closed:
            await asyncio.sleep(0.01)


async def test_a_question_that_is_given_up_closes_the_connection(pipe: Pipe) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await pipe.ask([("select pg_sleep(5)", ())])
    assert pipe.closed
