"""Brings a database to the newest schema, and knows without Alembic when there is nothing to do."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.resources import files

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from pilothouse.errors import Category, PilothouseError
from pilothouse.kit.access import ensure_roles
from pilothouse.migrations.locks import Blockers, Patience, bounded, patiently
from pilothouse.runtime import partitions
from pilothouse.runtime.connection import CONNECT_TIMEOUT, explain

log = structlog.get_logger(__name__)

_LOCK = 0x6D696772617465  # one process at a time migrates
_TURN = 0.05  # seconds between two looks at whether it is this process's turn

OLDEST = "0001"
"""The oldest revision whose code still works on the newest schema, as long as no post step was made."""


class SchemaTooNew(PilothouseError):
    """The database was made by a newer version of Pilothouse."""

    code = "schema_too_new"


class NotTheOwner(PilothouseError):
    """This login may not change the schema."""

    code = "not_the_owner"
    category = Category.USER


def revisions() -> dict[str, str]:
    """The revisions that this version knows, the oldest first, each with what it is called."""
    names = [item.name for item in (files("pilothouse.migrations") / "versions").iterdir()]
    known = (name.removesuffix(".py").partition("_") for name in sorted(names) if name.endswith(".py"))
    return {number: title.replace("_", " ") for number, _, title in known if number.isdigit()}


def head() -> str:
    """The newest revision that this version knows."""
    return max(revisions())


def revision(connection: psycopg.Connection[tuple[object, ...]]) -> str | None:
    """The revision a database is at; None for an empty one."""
    row = connection.execute("select to_regclass('alembic_version') is not null").fetchone()
    if row != (True,):
        return None
    found = connection.execute("select version_num from alembic_version").fetchone()
    return str(found[0]) if found else None


def oldest(connection: psycopg.Connection[tuple[object, ...]]) -> str | None:
    """The oldest revision whose code works on this database; None where nobody has said."""
    row = connection.execute("select to_regclass('schema_state') is not null").fetchone()
    if row != (True,):
        return None
    found = connection.execute("select oldest_revision from schema_state").fetchone()
    return str(found[0]) if found else None


def upgrade(conninfo: str, patience: Patience | None = None) -> str | None:
    """Migrate the database to the newest schema and see to the journal's partitions.

    Processes of the release before may go on meanwhile, and be started afterwards. Returns the revision it
    was at before (None: it was empty). Raises `DatabaseUnavailable`, `RolesMissing`, `NotTheOwner`,
    `MigrationBlocked`, and `SchemaTooNew` where a newer version has made the schema one on which this version
    does not work.
    """
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
            ensure_roles(connection)
            before = revision(connection)
            if before is not None and before > head():
                _assert_usable(connection, before)
            elif before != head():
                with alone(connection):
                    _migrate(conninfo, patience or Patience())
            partitions.ensure(connection, dt.datetime.now(dt.UTC))
            return before
    except psycopg.OperationalError as error:
        raise explain(error) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise NotTheOwner(
            f"The schema has to be changed, and this login may not do that ({str(error).splitlines()[0]}).",
            hint="Run `pilothouse db migrate` where PILOTHOUSE_DATABASE_OWNER_URL names who owns it.",
        ) from error


@contextmanager
def alone(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[None]:
    """One process at a time changes the schema.

    Whoever waits asks again and again: a statement that waits would keep an index from being finished.
    """
    while connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone() != (True,):
        time.sleep(_TURN)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", (_LOCK,))


def _assert_usable(connection: psycopg.Connection[tuple[object, ...]], found: str) -> None:
    least = oldest(connection)
    if least is None or head() < least:
        raise SchemaTooNew(
            f"The database is at schema {found}, this version knows {head()}"
            + (f" and the oldest that still works is {least}." if least else "."),
            hint="Install the version of Pilothouse that made it, or a newer one.",
        )
    log.warning("schema_is_newer", schema=found, known=head(), oldest=least)


def _migrate(conninfo: str, patience: Patience) -> None:
    """One revision after the other, so that an attempt that gets no lock undoes a small thing only."""
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
        at = revision(connection)
    fresh = at is None
    if fresh:
        _step(conninfo, "head", patience, fresh=True)
    for number, title in revisions().items():
        if at is not None and number > at:
            patiently(f"Migration {number} ({title})", partial(_step, conninfo, number, patience), patience)
            log.info("schema_migrated", revision=number, title=title)
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
        connection.execute(
            "insert into schema_state (oldest_revision) values (%s) on conflict (only_row) do nothing",
            (OLDEST,),
        )


def _step(
    conninfo: str, to: str, patience: Patience, blockers: Blockers | None = None, *, fresh: bool = False
) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", str(files("pilothouse.migrations")))
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: bounded(conninfo, patience.lock_timeout), poolclass=NullPool
    )
    with engine.connect() as connection:
        config.attributes |= {"connection": connection, "fresh": fresh}
        pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]  # psycopg's own
        try:
            with (blockers or Blockers()).watching(conninfo, pid):
                command.upgrade(config, to)
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.Error):
                raise error.orig from error
            raise
