"""Migrations: from nothing to the newest schema and back, once, whoever starts first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from checks.tables import OF_EVERYONE
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from pilothouse.errors import DatabaseUnavailable
from pilothouse.health.repository import works_on
from pilothouse.kit.session import Database
from pilothouse.migrations.upgrade import SchemaTooNew, head, revision, upgrade

NewDatabase = Callable[..., str]
TABLES = "select count(*) from pg_tables where schemaname = 'public' and tablename not like 'journal_%'"


def count(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(TABLES).fetchone()
    assert row is not None
    return int(row[0])


def test_an_empty_database_becomes_the_newest_and_a_second_time_changes_nothing(
    new_database: NewDatabase,
) -> None:
    conninfo = new_database(None)
    assert upgrade(conninfo) is None
    assert upgrade(conninfo) == head()
    with psycopg.connect(conninfo) as connection:
        assert revision(connection) == head()


def test_the_journal_has_partitions_for_this_month_and_the_next_ones(new_database: NewDatabase) -> None:
    with psycopg.connect(new_database()) as connection:
        names = connection.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'journal'::regclass"
        ).fetchall()
    assert len(names) == 5
    assert ("journal_default",) in names


def test_every_row_has_a_tenant_but_for_those_of_the_installation(new_database: NewDatabase) -> None:
    with psycopg.connect(new_database()) as connection:
        without = connection.execute(
            """
            select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'
            except select table_name from information_schema.columns where column_name = 'tenant_id'
            """
        ).fetchall()
    assert {name for (name,) in without} <= OF_EVERYONE


def test_processes_that_start_together_migrate_once(new_database: NewDatabase) -> None:
    conninfo = new_database(None)
    with ThreadPoolExecutor(6) as pool:
        before = list(pool.map(lambda _: upgrade(conninfo), range(6)))
    assert before.count(None) >= 1
    assert count(conninfo) == count(new_database())


def test_a_schema_from_the_future_is_refused_and_left_alone(new_database: NewDatabase) -> None:
    conninfo = new_database()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
        connection.execute("update schema_state set oldest_revision = '9998'")
    with pytest.raises(SchemaTooNew, match=r"9999.*9998"):
        upgrade(conninfo)


def test_a_newer_schema_on_which_this_version_still_works_is_used_as_it_is(new_database: NewDatabase) -> None:
    conninfo = new_database()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    assert upgrade(conninfo) == "9999"


def test_a_newer_schema_that_says_nothing_is_refused(new_database: NewDatabase) -> None:
    conninfo = new_database()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
        connection.execute("delete from schema_state")
    with pytest.raises(SchemaTooNew, match="9999"):
        upgrade(conninfo)


def test_a_database_that_is_away_is_said_to_be_so() -> None:
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        upgrade("host=127.0.0.1 port=9 dbname=nothing connect_timeout=1")


def test_it_can_be_taken_back_to_nothing(new_database: NewDatabase) -> None:
    conninfo = new_database()
    config = Config()
    config.set_main_option("script_location", "pilothouse:migrations")
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool
    )
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert count(conninfo) == 1  # alembic_version


async def test_a_process_whose_schema_still_works_stays_ready(new_database: NewDatabase) -> None:
    conninfo = new_database(None)
    upgrade(conninfo)
    database = Database(conninfo)
    async with database.maintenance() as session:
        assert await works_on(session, head(), head())
        assert await works_on(session, head(), "0001")
        assert not await works_on(session, head(), "0000")
        assert not await works_on(session, "0001", head())
        assert not await works_on(session, None, head())
    await database.close()
