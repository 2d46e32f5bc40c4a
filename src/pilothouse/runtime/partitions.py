"""The journal's partitions: one a month, by range of the run ids, which are ordered by time."""

from __future__ import annotations

import datetime as dt

import psycopg

from pilothouse.kit.ids import lowest_at

AHEAD = 3
"""Months for which partitions are made in advance."""

_LOCK = 0x70696C6F74  # one process at a time makes partitions


def _month(moment: dt.datetime, offset: int) -> dt.datetime:
    years, month = divmod(moment.month - 1 + offset, 12)
    return dt.datetime(moment.year + years, month + 1, 1, tzinfo=dt.UTC)


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
            bounds = f"from ('{lowest_at(first)}') to ('{lowest_at(following)}')"
            connection.execute(f"create table {name} partition of journal for values {bounds}".encode())
            made.append(name)
    return made
