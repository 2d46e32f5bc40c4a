from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.reading import CONNECTIONS, TOGETHER, Overloaded, Read, Reader
from pilothouse.kit.scope import Scope

OURS, THEIRS = Scope("default", "me"), Scope("other", "you")
RUN = """
insert into runs (id, workflow, version, pin, status) values (gen_random_uuid(), 'w', 1, 'w@1', 'queued')
"""
END = """
select pg_terminate_backend(pid) from pg_stat_activity
 where datname = current_database() and application_name = 'pilothouse-reads'
"""


def one(sql: str, *said: Any) -> Read[Any]:
    """The only value that a query finds."""
    return Read(sql, said, lambda rows: rows[0][0])


COUNT = one("select count(*) from runs")
SLOW = one("select 1 from pg_sleep(5)")


@pytest.fixture
async def reader(conninfo: str) -> AsyncIterator[Reader]:
    made = Reader(conninfo, patience=0.2, statement_timeout=0.5, prepare=True, purpose="reads")
    yield made
    await made.close()


def executed(conninfo: str, sql: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(sql)


async def test_reads_see_the_rows_of_the_scopes_tenant_only(reader: Reader, conninfo: str) -> None:
    executed(conninfo, RUN)
    assert await reader.read(OURS, COUNT) == [1]
    assert await reader.read(THEIRS, COUNT) == [0]
    assert await reader.read(OURS, COUNT, one("select $1::text", "x")) == [1, "x"]


async def test_all_reads_of_a_round_trip_are_one_transaction(reader: Reader) -> None:
    begun = one("select now()")
    first, second = await reader.read(OURS, begun, begun)
    assert first == second
    assert await reader.read(OURS, begun) != [first]


async def test_nothing_of_a_transaction_is_left_on_its_connection(reader: Reader) -> None:
    who = one("select current_user || coalesce(current_setting('pilothouse.tenant_id', true), '')")
    assert await reader.read(OURS, who) == ["pilothouse_appdefault"]
    ((found,),) = await reader._idle[0].ask(
        [("select current_user as who, current_setting('pilothouse.tenant_id', true) as tenant", ())]
    )
    assert found.who != "pilothouse_app"
    assert not found.tenant


async def test_more_reads_than_connections_wait_for_each_other(reader: Reader) -> None:
    found = await asyncio.gather(*(reader.read(OURS, COUNT) for _ in range(CONNECTIONS * 10)))
    assert found == [[0]] * (CONNECTIONS * 10)
    assert len(reader._idle) <= CONNECTIONS
    assert reader.used == 0


async def test_who_waits_too_long_for_a_connection_is_told_so(reader: Reader) -> None:
    slow = [asyncio.create_task(reader.read(Scope(f"t{at}", "me"), SLOW)) for at in range(CONNECTIONS)]
    await asyncio.sleep(0.05)
    with pytest.raises(Overloaded):
        await reader.read(OURS, COUNT)
    for ended in await asyncio.gather(*slow, return_exceptions=True):
        assert isinstance(ended, DatabaseUnavailable)  # each was stopped by its timeout
    assert await reader.read(OURS, COUNT) == [0]


async def test_a_connection_that_was_lost_is_replaced_unseen(reader: Reader, conninfo: str) -> None:
    assert await reader.read(OURS, COUNT) == [0]
    executed(conninfo, END)
    assert await reader.read(OURS, COUNT) == [0]


async def test_a_read_that_is_given_up_leaves_no_answers_to_the_next_one(reader: Reader) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.read(OURS, SLOW)
    assert await reader.read(OURS, one("select 'mine'")) == ["mine"]


async def test_a_database_that_is_away_is_told_as_such() -> None:
    reader = Reader("host=/nowhere", patience=0.2, statement_timeout=1, prepare=False, purpose="reads")
    for _ in range(CONNECTIONS + 1):  # a failure keeps no connection
        with pytest.raises(DatabaseUnavailable):
            await reader.read(OURS, COUNT)


async def test_each_round_trip_is_told(reader: Reader) -> None:
    told = list[tuple[list[str], bool]]()
    reader.observe = lambda statements, seconds, failed: told.append(
        (list(statements), failed and seconds > 0)
    )
    await reader.read(OURS, COUNT)
    with pytest.raises(psycopg.errors.UndefinedTable):
        await reader.read(OURS, one("select 1 from nowhere"))
    assert told == [([COUNT.sql], False), (["select 1 from nowhere"], True)]


async def test_reads_of_one_tenant_at_the_same_moment_share_a_transaction(reader: Reader) -> None:
    began = one("select now()")
    mine = await asyncio.gather(*(reader.read(OURS, began) for _ in range(TOGETHER)))
    assert len({str(at) for (at,) in mine}) == 1


async def test_reads_of_two_tenants_never_share_a_transaction(reader: Reader) -> None:
    tenant = one("select current_setting('pilothouse.tenant_id')")
    scopes = [OURS, THEIRS] * 20
    found = await asyncio.gather(*(reader.read(scope, tenant) for scope in scopes))
    assert [tenant for (tenant,) in found] == [scope.tenant_id for scope in scopes]


async def test_of_reads_that_share_a_transaction_each_fails_for_itself(reader: Reader) -> None:
    wrong = one("select 1 / $1::int", 0)
    found = await asyncio.gather(
        *(reader.read(OURS, read) for read in (COUNT, wrong, COUNT, SLOW)), return_exceptions=True
    )
    assert [found[0], found[2]] == [[0], [0]]
    assert isinstance(found[1], psycopg.errors.DivisionByZero)
    assert isinstance(found[3], DatabaseUnavailable)


async def test_who_gives_up_leaves_those_alone_who_share_the_transaction(reader: Reader) -> None:
    slow = one("select 7 from pg_sleep(0.2)")
    gives_up = asyncio.create_task(reader.read(OURS, slow))
    stays = asyncio.create_task(reader.read(OURS, slow))
    await asyncio.sleep(0.05)
    gives_up.cancel()
    assert await stays == [7]


async def test_who_waits_when_the_reader_closes_is_not_left_waiting(reader: Reader) -> None:
    waits = asyncio.create_task(reader.read(OURS, SLOW))
    await asyncio.sleep(0.05)
    await reader.close()
    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await waits
