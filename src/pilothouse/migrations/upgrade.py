"""Brings a database to the newest schema, and knows without Alembic when there is nothing to do."""

from __future__ import annotations

import datetime as dt
from importlib.resources import files

import psycopg

from pilothouse.errors import PilothouseError
from pilothouse.runtime import partitions
from pilothouse.runtime.connection import CONNECT_TIMEOUT, explain

_LOCK = 0x6D696772617465  # one process at a time migrates


class SchemaTooNew(PilothouseError):
    """The database was made by a newer version of Pilothouse."""

    code = "schema_too_new"


def head() -> str:
    """The newest revision that this version knows: the first part of the last migration's file name."""
    names = [item.name for item in (files("pilothouse.migrations") / "versions").iterdir()]
    return max(name.partition("_")[0] for name in names if name[:1].isdigit() and name.endswith(".py"))


def revision(connection: psycopg.Connection[tuple[object, ...]]) -> str | None:
    """The revision a database is at; None for an empty one."""
    row = connection.execute("select to_regclass('alembic_version') is not null").fetchone()
    if row != (True,):
        return None
    found = connection.execute("select version_num from alembic_version").fetchone()
    return str(found[0]) if found else None


def upgrade(conninfo: str) -> str | None:
    """Migrate the database to the newest schema and see to the journal's partitions.

    Returns the revision it was at before (None: it was empty). Raises `DatabaseUnavailable`, and
    `SchemaTooNew` where a newer version has migrated it already.
    """
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
            before = revision(connection)
            if before is not None and before > head():
                raise SchemaTooNew(
                    f"The database is at schema {before}, this version knows {head()}.",
                    hint="Install the version of Pilothouse that made it, or a newer one.",
                )
            if before != head():
                connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
                _migrate(conninfo)
            partitions.ensure(connection, dt.datetime.now(dt.UTC))
            return before
    except psycopg.OperationalError as error:
        raise explain(error) from error


def _migrate(conninfo: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", str(files("pilothouse.migrations")))
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool
    )
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
