"""Executes a migration's statements so that processes of the previous release can work on meanwhile.

Each migration is one transaction, but an index on a table with rows is built beside its writers: the
statement says `create index concurrently`, which no transaction allows. Such statements are executed before
all others of their migration, so that they may use what earlier migrations made, and a migration that is
begun anew finds nothing done but whole indexes. On a partitioned table each partition gets its index so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from alembic import context, op
from sqlalchemy import Connection, text

INDEX = re.compile(
    r"\s*create\s+(?P<unique>unique\s+)?index\s+concurrently\s+(?P<name>\w+)\s+on\s+(?P<table>\w+)\s+(?P<rest>.+)",
    re.IGNORECASE | re.DOTALL,
)

PATIENCE = 30.0
"""Seconds that building an index waits for the transactions that were there before it."""

_STATE = """
select built.indisvalid, owner.relkind = 'p' from pg_class as owner
  left join pg_class as found on found.relname = :name and found.relnamespace = owner.relnamespace
  left join pg_index as built on built.indexrelid = found.oid
 where owner.oid = cast(:table as regclass)
"""
_PARTITIONS = """
select child.relname from pg_inherits join pg_class as child on child.oid = inhrelid
 where inhparent = cast(:table as regclass) order by 1
"""
_ATTACHED = "select exists (select from pg_inherits where inhrelid = to_regclass(:name))"


def execute(statements: Iterable[str]) -> None:
    """Execute a migration's statements, its concurrent indexes first and outside the transaction.

    In a database that is only being made nobody writes: there all of it is one transaction.
    """
    given = list(statements)
    indexes = [found for statement in given if (found := INDEX.fullmatch(statement))]
    fresh = bool(context.config.attributes.get("fresh"))
    if indexes and not fresh:
        with op.get_context().autocommit_block():
            for index in indexes:
                _build(op.get_bind(), index)
    for statement in given:
        found = INDEX.fullmatch(statement)
        if found is None:
            op.execute(statement)
        elif fresh:
            op.execute(_created(found, found["name"], found["table"], "if not exists "))


def _created(wanted: re.Match[str], name: str, table: str, how: str = "") -> str:
    return f"create {wanted['unique'] or ''}index {how}{name} on {table} {wanted['rest']}"


def _build(connection: Connection, wanted: re.Match[str]) -> None:
    name, table = wanted["name"], wanted["table"]
    valid, partitioned = _state(connection, name, table)
    if valid:
        return
    if not partitioned:
        _build_one(connection, wanted, name, table, remains=valid is False)
        return
    if valid is None:
        connection.execute(text(_created(wanted, name, f"only {table}")))
    for partition in connection.scalars(text(_PARTITIONS), {"table": table}).all():
        part = f"{partition}_{name.removeprefix(f'{table}_')}"
        if connection.scalar(text(_ATTACHED), {"name": part}):
            continue
        whole, _ = _state(connection, part, partition)
        if not whole:
            _build_one(connection, wanted, part, partition, remains=whole is False)
        connection.execute(text(f"alter index {name} attach partition {part}"))


def _state(connection: Connection, name: str, table: str) -> tuple[bool | None, bool]:
    """Whether the index is whole (None: it is not there), and whether its table is partitioned."""
    valid, partitioned = connection.execute(text(_STATE), {"name": name, "table": table}).one()
    return valid, bool(partitioned)


def _build_one(
    connection: Connection, wanted: re.Match[str], name: str, table: str, *, remains: bool
) -> None:
    """Build one index beside the writers; what an attempt that failed has left is dropped first.

    It waits for transactions that began before, in nobody's way: longer than for a lock that others want.
    """
    before = connection.scalar(text("select current_setting('lock_timeout')"))
    connection.execute(text(f"set lock_timeout = '{PATIENCE:g}s'"))
    if remains:
        connection.execute(text(f"drop index concurrently {name}"))
    connection.execute(text(_created(wanted, name, table, "concurrently ")))
    connection.execute(text(f"set lock_timeout = '{before}'"))
