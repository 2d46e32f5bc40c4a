"""Connections say what they are for, and are given up in bounded time where nothing answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pilothouse.kit.connecting import (
    SILENCE,
    NoAnswer,
    connect,
    connect_in_thread,
    insist_on_sessions,
    named,
    server_version,
    silence_of,
    watched,
)
from support.proxy import Proxy


@pytest.fixture
def proxy(conninfo: str) -> Iterator[Proxy]:
    with Proxy(conninfo) as made:
        yield made


def test_a_cut_network_is_noticed_by_the_operating_system_in_the_time_that_was_set() -> None:
    said = conninfo_to_dict(watched("postgresql://server/db", 30))
    idle, interval, count = (int(said[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    assert idle + interval * count == 30
    assert said["tcp_user_timeout"] == "30000"
    assert (said["host"], said["dbname"]) == ("server", "db")


def test_what_a_url_says_of_its_own_about_silence_is_kept() -> None:
    url = "postgresql://server/db?tcp_user_timeout=7000&keepalives_idle=3"
    said = conninfo_to_dict(watched(url, 30))
    assert (said["tcp_user_timeout"], said["keepalives_idle"]) == ("7000", "3")
    assert silence_of(watched(url, 30)) == 7


@pytest.mark.parametrize("conninfo", ["dbname=x", "dbname=x tcp_user_timeout=0"])
def test_where_nothing_is_said_a_default_holds(conninfo: str) -> None:
    assert silence_of(conninfo) == SILENCE


async def test_the_server_shows_what_a_connection_is_for(conninfo: str) -> None:
    async with await connect(conninfo, "claims") as connection:
        cursor = await connection.execute("select current_setting('application_name')")
        assert await cursor.fetchone() == ("pilothouse-claims",)
    assert "secret" in named("password=secret", "claims")


async def test_an_unanswered_question_closes_the_connection(proxy: Proxy) -> None:
    async with await connect(watched(proxy.conninfo, 1), "test") as connection:
        await connection.execute("select 1")
        connection.silence = 0.3
        proxy.swallow()
        started = time.monotonic()
        with pytest.raises(NoAnswer, match=r"nothing was heard for 0\.3 s"):
            await connection.execute("select 2")
        assert 0.3 <= time.monotonic() - started < 2
        assert connection.closed


async def test_a_slow_answer_is_no_silence_while_it_keeps_coming(proxy: Proxy) -> None:
    async with await connect(proxy.conninfo, "test") as connection:
        connection.silence = 0.3
        proxy.delay = 0.1  # for each part of some 64 KB
        cursor = await connection.execute("select repeat('x', 65536) from generate_series(1, 6)")
        assert len(await cursor.fetchall()) == 6


@pytest.mark.long  # psycopg gives the request to cancel five seconds
async def test_a_question_that_is_given_up_in_a_black_hole_does_not_wait_for_ever(proxy: Proxy) -> None:
    connection = await connect(proxy.conninfo, "test")
    connection.silence = 0.3
    proxy.swallow()
    asking = asyncio.create_task(connection.execute("select pg_sleep(60)"))
    await asyncio.sleep(0.05)
    asking.cancel()
    await asyncio.wait([asking], timeout=12)
    assert asking.done()
    await connection.close()


def test_the_same_holds_in_a_thread(proxy: Proxy) -> None:
    with connect_in_thread(proxy.conninfo, "test", 0.3, autocommit=True) as connection:
        connection.execute("select 1")
        proxy.swallow()
        with pytest.raises(NoAnswer):
            connection.execute("select 2")
        assert connection.closed


async def test_errors_of_statements_pass(conninfo: str) -> None:
    async with await connect(conninfo, "test", autocommit=True) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await connection.execute("select 1 / 0")
        assert not connection.closed


def test_a_straight_way_to_a_server_will_do_and_one_that_is_away_is_not_judged(proxy: Proxy) -> None:
    insist_on_sessions(proxy.conninfo)
    insist_on_sessions("host=127.0.0.1 port=1")


def test_the_version_is_that_of_the_server(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        assert server_version(conninfo) == connection.info.server_version // 10_000


async def test_whoever_is_cancelled_while_closing_leaves_nothing_open(
    conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    connection = await connect(conninfo, "test", autocommit=True)
    monkeypatch.setattr(connection, "commit", cancelled)
    with pytest.raises(asyncio.CancelledError):
        async with connection:
            pass
    assert connection.closed


async def test_what_is_closed_under_somebody_who_waits_tells_them_and_frees_nothing_they_read(
    conninfo: str,
) -> None:
    connection = await connect(conninfo, "test", autocommit=True)
    await connection.execute("select 1")
    asking = asyncio.create_task(connection.execute("select pg_sleep(60)"))
    while not connection.lock.locked():
        await asyncio.sleep(0)
    await connection.close()
    assert connection.pgconn.socket > 0  # libpq's side of it is still there
    with pytest.raises(psycopg.OperationalError):
        await asyncio.wait_for(asking, 5)
    assert connection.closed
