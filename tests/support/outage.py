"""A database that lets nobody in for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

END = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"


@contextmanager
def shut(conninfo: str) -> Iterator[None]:
    """Within the block the database of `conninfo` has no sessions and takes none."""
    name = str(conninfo_to_dict(conninfo)["dbname"])
    allow = sql.SQL("alter database {} allow_connections {}")
    with psycopg.connect(make_conninfo(conninfo, dbname="postgres"), autocommit=True) as keeper:
        keeper.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        keeper.execute(END, (name,))
        try:
            yield
        finally:
            keeper.execute(allow.format(sql.Identifier(name), sql.Literal(True)))
