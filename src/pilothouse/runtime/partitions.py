"""The journal's partitions: one a month, by range of the run ids, which are ordered by time."""

from __future__ import annotations

import datetime as dt

import psycopg

from pilothouse.kit.ids import lowest_at
from pilothouse.runtime.connection import CONNECT_TIMEOUT, explain

AHEAD = 3
"""Months for which partitions are made in advance."""

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


def ensure_at(conninfo: str, now: dt.datetime) -> list[str]:
    """As `ensure`, on a connection of its own. Raises `DatabaseUnavailable`."""
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
            return ensure(connection, now)
    except psycopg.OperationalError as error:
        raise explain(error) from error


def ensure(connection: psycopg.Connection[tuple[object, ...]], now: dt.datetime) -> list[str]:
    """Make the partitions of this month and the next ones that are missing; returns their names.

    The default partition takes whatever falls outside; it stays empty while this runs at least
    once in `AHEAD` months.
    """
    made = []
    with connection.transaction():
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
