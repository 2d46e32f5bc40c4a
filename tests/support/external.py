"""A PostgreSQL of somebody's own for the tests: databases are made on it and dropped again."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from zlib import crc32

import psycopg
from psycopg.conninfo import make_conninfo

from pilothouse.kit.postgres import databases

URL = "PILOTHOUSE_TEST_POSTGRES_URL"
"""The variable that names the server, as a role that may make databases and roles (a superuser)."""


LEFT = "select datname from pg_database where datname ~ %s"
OURS = f"pilothouse_test_{crc32(socket.gethostname().encode()):08x}_"


class External:
    """Makes databases on the server of `url`, with the methods of an `Attachment`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._prefix = f"{OURS}{os.getpid()}_"
        self._made: set[str] = set()

    @property
    def dsn(self) -> str:
        return self._url

    def dsn_for(self, database: str) -> str:
        """The connection string of a database; `postgres` is the server's own."""
        name = database if database == databases.MAINTENANCE else self._prefix + database
        return make_conninfo(self._url, dbname=name)

    def create_database(self, name: str, template: str | None = None) -> str:
        copied = None if template is None else self._prefix + template
        databases.create(self.dsn_for(databases.MAINTENANCE), self._prefix + name, copied)
        self._made.add(name)
        return self.dsn_for(name)

    def drop_database(self, name: str) -> None:
        databases.drop(self.dsn_for(databases.MAINTENANCE), self._prefix + name)
        self._made.discard(name)

    def drop_left(self) -> None:
        """Drop what test processes of this machine left behind that were killed."""
        with psycopg.connect(self.dsn_for(databases.MAINTENANCE), autocommit=True) as connection:
            for (name,) in connection.execute(LEFT, (f"^{OURS}[0-9]+_",)).fetchall():
                try:
                    os.kill(int(name.removeprefix(OURS).partition("_")[0]), 0)
                except PermissionError:  # it lives, and is somebody else's
                    continue
                except ProcessLookupError:
                    databases.drop(self.dsn_for(databases.MAINTENANCE), name)

    def drop_all(self) -> None:
        for name in sorted(self._made):
            self.drop_database(name)


@contextmanager
def external(url: str) -> Iterator[External]:
    """The server of `url`; what was made there is gone afterwards."""
    made = External(url)
    made.drop_left()
    try:
        yield made
    finally:
        made.drop_all()
