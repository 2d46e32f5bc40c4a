from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import exc, text

from pilothouse.errors import Conflict, DatabaseUnavailable
from pilothouse.kit.reading import Read
from pilothouse.kit.scope import current, local_scope
from pilothouse.kit.session import Database, Overloaded

SCOPE = local_scope()

INSERT = text(
    "insert into runs (id, workflow, version, pin, status)"
    " values (gen_random_uuid(), 'w', 1, 'w@1', 'queued')"
)
COUNT = text("select count(*) from runs")
OPEN = """
select count(*) from pg_stat_activity
 where datname = current_database() and application_name like 'pilothouse-api%'
"""
SESSIONS = """
select pg_terminate_backend(pid) from pg_stat_activity
 where datname = current_database() and application_name = 'pilothouse-api'
"""


@pytest.fixture
async def database(conninfo: str) -> AsyncIterator[Database]:
    database = Database(conninfo, connections=2, patience=0.2, statement_timeout=0.3)
    yield database
    await database.close()


async def _count(database: Database) -> int:
    async with database.session(SCOPE) as session:
        return (await session.execute(COUNT)).scalar_one()


async def test_what_a_block_wrote_is_committed_at_its_end(database: Database) -> None:
    async with database.session(SCOPE) as session:
        await session.execute(INSERT)
        assert await _count(database) == 0
    assert await _count(database) == 1


async def test_what_a_block_wrote_is_undone_where_it_raises(database: Database) -> None:
    async def write_and_raise() -> None:
        async with database.session(SCOPE) as session:
            await session.execute(INSERT)
            raise Conflict

    with pytest.raises(Conflict):
        await write_and_raise()
    assert await _count(database) == 0


async def test_times_come_in_utc_whatever_the_server_prefers(conninfo: str) -> None:
    database = Database(make_conninfo(conninfo, options="-c timezone=Asia/Tokyo -c work_mem=1MB"))
    async with database.session(SCOPE) as session:
        shown = (await session.execute(text("select now(), current_setting('work_mem')"))).one()
    await database.close()
    assert shown[0].utcoffset().total_seconds() == 0
    assert shown[1] == "1MB"


async def test_a_statement_that_takes_too_long_is_stopped(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="statement timeout"):
        async with database.session(SCOPE) as session:
            await session.execute(text("select pg_sleep(10)"))
    assert await _count(database) == 0


async def test_who_waits_too_long_for_a_connection_is_told_so(database: Database) -> None:
    async with database.session(SCOPE) as first, database.session(SCOPE) as second:
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


async def test_a_server_that_takes_no_writes_any_more_is_left_for_another(
    database: Database, conninfo: str
) -> None:
    demote = "alter role pilothouse_demoted set default_transaction_read_only = on"
    with psycopg.connect(conninfo, autocommit=True) as keeper:
        keeper.execute("drop role if exists pilothouse_demoted")
        keeper.execute("create role pilothouse_demoted superuser login")
        try:
            keeper.execute(demote)
            demoted = Database(make_conninfo(conninfo, user="pilothouse_demoted"), connections=1)
            with pytest.raises(DatabaseUnavailable, match="read-only"):
                async with demoted.maintenance() as session:
                    await session.execute(INSERT)
            keeper.execute(demote.replace("= on", "= off"))
            async with demoted.maintenance() as session:  # on a connection that was made anew
                await session.execute(INSERT)
            await demoted.close()
        finally:
            keeper.execute("drop role pilothouse_demoted")
    assert await _count(database) == 1


async def test_a_mistake_of_the_caller_is_no_outage(database: Database) -> None:
    async def go_on_after_an_error() -> None:
        async with database.session(SCOPE) as session:
            with suppress(exc.ProgrammingError):
                await session.execute(text("select * from nowhere"))
            await session.execute(COUNT)

    with pytest.raises(exc.InternalError, match="transaction is aborted"):
        await go_on_after_an_error()
    assert await _count(database) == 0


async def test_the_server_shows_what_the_connections_are_for(conninfo: str) -> None:
    database = Database(conninfo, purpose="metrics")
    async with database.session(SCOPE) as session:
        shown = (await session.execute(text("select current_setting('application_name')"))).scalar_one()
    await database.close()
    assert shown == "pilothouse-metrics"


async def test_a_database_that_is_away_is_told_as_such(conninfo: str) -> None:
    database = Database(make_conninfo(conninfo, dbname="nobody"))
    with pytest.raises(DatabaseUnavailable, match="nobody"):
        await _count(database)
    await database.close()


async def test_the_session_of_a_request_commits_as_well(database: Database) -> None:
    token = current.set(SCOPE)
    sessions = database.of_request()
    await (await anext(sessions)).execute(INSERT)
    assert await anext(sessions, None) is None
    current.reset(token)
    assert await _count(database) == 1


async def test_what_is_closed_leaves_no_connection_open_and_opens_none(conninfo: str) -> None:
    database = Database(conninfo, connections=2)
    async with database.session(SCOPE) as session:
        ours = await (await session.connection()).get_raw_connection()
        await database.close()
        assert ours.driver_connection is not None
        assert ours.driver_connection.closed
        await session.invalidate()
    with pytest.raises(DatabaseUnavailable, match="closed"):
        await _count(database)
    with pytest.raises(DatabaseUnavailable, match="closed"):
        await database.read(SCOPE, Read("select 1 as one", (), list))
    with psycopg.connect(conninfo) as connection:
        assert connection.execute(OPEN).fetchone() == (0,)
