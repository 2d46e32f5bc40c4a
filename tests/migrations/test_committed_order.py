"""The journal's order of commits is added to a journal with rows, beside those who append to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from importlib.resources import files

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from pilothouse.runtime import partitions

ENTRY = "insert into journal (run_id, seq, kind, key, payload) values (gen_random_uuid(), 1, 'noted', '', '')"
INDEXES = """
select count(*), bool_and(indisvalid) from pg_index join pg_class on pg_class.oid = indexrelid
 where relname like 'journal%committed'
"""


def migrate(conninfo: str, revision: str) -> None:
    """Bring a database to a revision, as one that is in use."""
    config = Config()
    config.set_main_option("script_location", str(files("pilothouse.migrations")))
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool
    )
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_older_entries_stay_as_they_are_and_newer_ones_are_numbered(
    new_database: Callable[..., str],
) -> None:
    conninfo = new_database(None)
    migrate(conninfo, "0003")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        made = partitions.ensure(connection, dt.datetime.now(dt.UTC))
        for _ in range(3):
            connection.execute(ENTRY)
    migrate(conninfo, "0004")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(ENTRY)
        assert connection.execute("select count(*), count(xid) from journal").fetchone() == (4, 1)
        parts = len(made) + 2  # the default partition, and the journal as a whole
        assert connection.execute(INDEXES).fetchone() == (parts, True)
        assert connection.execute("select count(*) from incarnations").fetchone() == (1,)
        connection.execute("update alembic_version set version_num = '0003'")
    migrate(conninfo, "0004")  # as after an attempt that broke off behind the index
    with psycopg.connect(conninfo, autocommit=True) as connection:
        assert connection.execute("select count(*) from incarnations").fetchone() == (1,)
        assert connection.execute(INDEXES).fetchone() == (parts, True)
