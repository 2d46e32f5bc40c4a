"""One kept connection to PostgreSQL that is opened again after it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from pilothouse.errors import DatabaseUnavailable

Connection = psycopg.AsyncConnection[TupleRow]

CONNECT_TIMEOUT = 5
"""Seconds to wait for a connection before the attempt counts as failed."""

_LIMITS = "54"  # SQLSTATE class of what is too large or too complex for PostgreSQL: waiting does not help


def explain(error: psycopg.Error) -> DatabaseUnavailable:
    """What a connection's failure means to a reader."""
    if isinstance(error, psycopg.errors.DiskFull):
        return DatabaseUnavailable(
            f"The database's disk is full: {error}".strip(),
            hint="Free some space; runs go on by themselves, nothing that was journalled is lost.",
        )
    return DatabaseUnavailable(
        f"The database does not answer: {error}".strip(),
        hint="`pilothouse doctor` shows why; runs go on by themselves once it is back.",
    )


class Lane:
    """A connection for one kind of statement, used by one caller at a time.

    In autocommit mode each statement is a transaction of its own. `settings` are session settings
    (`SET name = value`) for the statements of this lane. They are never compiled: a disabled plan node
    alone makes PostgreSQL before 18 think that it pays, which takes it 240 ms for a statement of 1 ms.
    """

    def __init__(self, conninfo: str, settings: Sequence[str] = ()) -> None:
        """Nothing is opened before the first use."""
        self._conninfo = conninfo
        self._settings = settings
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._closed = False

    async def connection(self) -> Connection:
        """The open connection. Raises `DatabaseUnavailable`."""
        if self._closed:
            raise DatabaseUnavailable("The engine is closed.")
        if self._connection is None or self._connection.closed:
            try:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True, prepare_threshold=0, connect_timeout=CONNECT_TIMEOUT
                )
                for setting in ("jit = off", *self._settings):
                    await self._connection.execute(f"set {setting}".encode())
            except psycopg.Error as error:
                raise explain(error) from error
        return self._connection

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Connection]:
        """The connection for several statements in a row; its failures become `DatabaseUnavailable`."""
        async with self._lock:
            connection = await self.connection()
            try:
                yield connection
            except psycopg.OperationalError as error:
                if (error.sqlstate or "").startswith(_LIMITS):
                    raise
                raise explain(error) from error

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[TupleRow]:
        """Execute one statement and return its rows, if it has any.

        Raises `DatabaseUnavailable` where the connection is or goes away; what psycopg says otherwise.
        """
        async with self.held() as connection:
            cursor = await connection.execute(sql.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []

    async def close(self) -> None:
        """Close the connection, if there is one, and open none any more."""
        self._closed = True
        if self._connection is not None:
            await self._connection.close()
