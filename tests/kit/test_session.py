from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from pilothouse.errors import Conflict, DatabaseUnavailable
from pilothouse.kit.session import Database, Overloaded

INSERT = text(
    "insert into runs (id, workflow, version, pin, status)"
    " values (gen_random_uuid(), 'w', 1, 'w@1', 'queued')"
)
COUNT = text("select count(*) from runs")
SESSIONS = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pilothouse-api'"


@pytest.fixture
async def database(conninfo: str) -> AsyncIterator[Database]:
    database = Database(conninfo, connections=2, patience=0.2, statement_timeout=0.3)
    yield database
    await database.close()


async def _count(database: Database) -> int:
    async with database.session() as session:
        return (await session.execute(COUNT)).scalar_one()


async def test_what_a_block_wrote_is_committed_at_its_end(database: Database) -> None:
    async with database.session() as session:
        await session.execute(INSERT)
        assert await _count(database) == 0
    assert await _count(database) == 1


async def test_what_a_block_wrote_is_undone_where_it_raises(database: Database) -> None:
    async def write_and_raise() -> None:
        async with database.session() as session:
            await session.execute(INSERT)
            raise Conflict

    with pytest.raises(Conflict):
        await write_and_raise()
    assert await _count(database) == 0


async def test_times_come_in_utc_whatever_the_server_prefers(conninfo: str) -> None:
    database = Database(make_conninfo(conninfo, options="-c timezone=Asia/Tokyo -c work_mem=1MB"))
    async with database.session() as session:
        shown = (await session.execute(text("select now(), current_setting('work_mem')"))).one()
    await database.close()
    assert shown[0].utcoffset().total_seconds() == 0
    assert shown[1] == "1MB"


async def test_a_statement_that_takes_too_long_is_stopped(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="statement timeout"):
        async with database.session() as session:
            await session.execute(text("select pg_sleep(10)"))
    assert await _count(database) == 0


async def test_who_waits_too_long_for_a_connection_is_told_so(database: Database) -> None:
    async with database.session() as first, database.session() as second:
        await first.execute(COUNT)
        await second.execute(COUNT)
        with pytest.raises(Overloaded):
            await _count(database)
    assert await _count(database) == 0


async def test_a_session_that_the_server_ended_is_replaced(database: Database, conninfo: str) -> None:
    assert await _count(database) == 0
    with psycopg.connect(conninfo, autocommit=True) as connection:
        assert connection.execute(SESSIONS).fetchall()
    assert await _count(database) == 0


async def test_a_database_that_is_away_is_told_as_such(conninfo: str) -> None:
    database = Database(make_conninfo(conninfo, dbname="nobody"))
    with pytest.raises(DatabaseUnavailable, match="nobody"):
        await _count(database)
    await database.close()


async def test_the_session_of_a_request_commits_as_well(database: Database) -> None:
    sessions = database.of_request()
    await (await anext(sessions)).execute(INSERT)
    assert await anext(sessions, None) is None
    assert await _count(database) == 1
