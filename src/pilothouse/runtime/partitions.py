"""The journal's partitions: one a month, by range of the run ids, which are ordered by time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

import psycopg
import structlog

from pilothouse.kit.ids import lowest_at
from pilothouse.runtime.connection import CONNECT_TIMEOUT, explain

log = structlog.get_logger(__name__)

AHEAD = 3
"""Months for which partitions are made in advance."""

PATIENCE = "2s"
"""How long making one waits for its locks."""

EVERY = dt.timedelta(days=1)
"""How often a worker looks whether one is missing."""

_LOCK = 0x70696C6F74  # one process at a time makes partitions

_MAKE = (
    "create table {name} (like journal including all)",
    """
    with strayed as (
      delete from journal_default where run_id >= '{first}' and run_id < '{following}' returning *)
    insert into {name} select * from strayed
    """,
    "alter table journal attach partition {name} for values from ('{first}') to ('{following}')",
)
"""What lies in the default partition is moved first: no partition may be made for rows that are there."""


_MONTHS = """
select child.relname from pg_inherits join pg_class as child on child.oid = inhrelid
 where inhparent = 'journal'::regclass and child.relname ~ '^journal_[0-9]{4}_[0-9]{2}$' order by 1
"""
_IN_USE = "select exists (select from runs where id >= %s and id < %s and pruned_at is null)"


def ensure_at(conninfo: str, now: dt.datetime) -> list[str]:
    """As `ensure`, on a connection of its own. Raises `DatabaseUnavailable`."""
    with _connected(conninfo) as connection:
        return ensure(connection, now)


def ensure(connection: psycopg.Connection[tuple[object, ...]], now: dt.datetime) -> list[str]:
    """Make the partitions of this month and the next ones that are missing; returns their names.

    The default partition takes whatever falls outside; it stays empty while this runs at least
    once in `AHEAD` months. Where somebody keeps the journal locked it is left for another time: whoever
    waits for the lock would make all that read and write wait as well. So it is where this login does not
    own the journal: a process that knows the owner's makes them.
    """
    try:
        return _ensure(connection, now)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege) as error:
        log.warning("partitions_not_made", reason=str(error).strip())
        return []


def _ensure(connection: psycopg.Connection[tuple[object, ...]], now: dt.datetime) -> list[str]:
    made = []
    with connection.transaction():
        connection.execute(f"set local lock_timeout = '{PATIENCE}'".encode())
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        for offset in range(AHEAD + 1):
            first, following = _month(now, offset), _month(now, offset + 1)
            name = f"journal_{first:%Y_%m}"
            exists = connection.execute("select to_regclass(%s) is not null", (name,)).fetchone()
            if exists == (True,):
                continue
            for statement in _MAKE:
                text = statement.format(name=name, first=lowest_at(first), following=lowest_at(following))
                connection.execute(text.encode())
            made.append(name)
    return made


def _month(moment: dt.datetime, offset: int) -> dt.datetime:
    years, month = divmod(moment.month - 1 + offset, 12)
    return dt.datetime(moment.year + years, month + 1, 1, tzinfo=dt.UTC)


class Partition(NamedTuple):
    """One month of the journal: the ids of its runs go from `first` to before `following`."""

    name: str
    first: UUID
    following: UUID


def past_at(conninfo: str, now: dt.datetime) -> list[Partition]:
    """The partitions of months that ended before this one. Raises `DatabaseUnavailable`."""
    this = f"journal_{_month(now, 0):%Y_%m}"
    with _connected(conninfo) as connection:
        names = [str(name) for (name,) in connection.execute(_MONTHS).fetchall()]
    return [_partition(name) for name in names if name < this]


def drop_at(conninfo: str, partition: Partition) -> bool:
    """Drop a partition unless a run of its month still has a journal; whether it is gone.

    Nobody can read or write the journal while it is taken out, which takes a few milliseconds once the lock
    is had; for that it waits for `PATIENCE` and no longer. Raises `DatabaseUnavailable`.
    """
    with _connected(conninfo) as connection:
        try:
            if connection.execute(_IN_USE, partition[1:]).fetchone() == (True,):
                return False
            with connection.transaction():
                connection.execute(f"set local lock_timeout = '{PATIENCE}'".encode())
                connection.execute(b"lock table journal in access exclusive mode")
                if connection.execute(_IN_USE, partition[1:]).fetchone() == (True,):
                    return False
                connection.execute(f"alter table journal detach partition {partition.name}".encode())
                connection.execute(f"drop table {partition.name}".encode())
        except psycopg.errors.LockNotAvailable as error:
            log.warning("partition_not_dropped", partition=partition.name, reason=str(error).strip())
            return False
    return True


def _partition(name: str) -> Partition:
    year, month = (int(part) for part in name.removeprefix("journal_").split("_"))
    first = dt.datetime(year, month, 1, tzinfo=dt.UTC)
    return Partition(name, lowest_at(first), lowest_at(_month(first, 1)))


@contextmanager
def _connected(conninfo: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise explain(error) from error
