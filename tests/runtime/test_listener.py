"""Notifications wake whoever waits, across lost connections."""

from __future__ import annotations

import asyncio

import pytest

from pilothouse.runtime.listener import CANCELS, JOURNAL, RUNS, Listener
from support.waiting import rows, until

OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity
 where datname = current_database() and application_name = 'pilothouse-listener'
"""


@pytest.fixture
async def listener(conninfo: str) -> Listener:
    made = Listener(conninfo)
    await made.start()
    yield made
    await made.stop()


async def test_each_channel_wakes_its_own_handlers(listener: Listener, conninfo: str) -> None:
    heard: list[tuple[str, str | None]] = []
    for channel in (RUNS, JOURNAL, CANCELS):
        listener.on(channel, lambda payload, channel=channel: heard.append((channel, payload)))
    rows(conninfo, "select pg_notify(%s, 'a'), pg_notify(%s, 'b')", JOURNAL, RUNS)
    await until(lambda: len(heard) == 2)
    assert sorted(heard) == [(JOURNAL, "a"), (RUNS, "b")]


async def test_a_handler_that_was_taken_off_hears_nothing(listener: Listener, conninfo: str) -> None:
    heard: list[str | None] = []
    off = listener.on(RUNS, lambda _: heard.append("off"))
    listener.on(RUNS, lambda _: heard.append("on"))
    off()
    rows(conninfo, "select pg_notify(%s, '')", RUNS)
    await until(lambda: heard)
    assert heard == ["on"]


async def test_after_a_lost_connection_handlers_hear_that_something_may_have_been_missed(
    listener: Listener, conninfo: str
) -> None:
    heard: list[str | None] = []
    listener.on(JOURNAL, heard.append)
    rows(conninfo, OTHERS)
    await until(lambda: heard == [None])
    rows(conninfo, "select pg_notify(%s, 'again')", JOURNAL)
    await until(lambda: heard == [None, "again"])


async def test_it_waits_for_a_database_that_is_away_and_can_be_stopped_meanwhile() -> None:
    listener = Listener("host=127.0.0.1 port=1 dbname=none")
    starting = asyncio.create_task(listener.start())
    await asyncio.sleep(0.05)
    assert not starting.done()
    await listener.stop()
    await asyncio.wait_for(starting, 2)
    await listener.stop()


async def test_stopping_what_never_started_is_fine() -> None:
    await Listener("host=127.0.0.1 port=1").stop()
