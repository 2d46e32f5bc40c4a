"""One kept connection to PostgreSQL that is opened again after it was lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.connecting import CONNECT_TIMEOUT, Connection, connect
from pilothouse.runtime.observing import Observer, Unobserved

__all__ = ["CONNECT_TIMEOUT", "Connection", "Lane", "Query", "explain"]

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


class Query(NamedTuple):
    """A statement and its parameters."""

    sql: str
    parameters: Sequence[Any] | Mapping[str, Any] = ()


class Lane:
    """A connection for one kind of statement, used by one caller at a time.

    Each statement is a transaction of its own. `settings` (name and value) hold for the statements of this
    lane: they are set for the transaction and never for the session, which behind a transaction pooler is
    shared with strangers. They travel in front of the statement and cost no round trip. A lane with
    settings never compiles: a disabled plan node alone makes PostgreSQL before 18 think that it pays,
    which takes it 240 ms for a statement of 1 ms. Without `prepare` nothing is kept on the server.
    """

    def __init__(
        self,
        conninfo: str,
        settings: Mapping[str, str] | None = None,
        *,
        purpose: str = "lane",
        prepare: bool = True,
        observer: Observer | None = None,
    ) -> None:
        """Nothing is opened before the first use."""
        self._conninfo = conninfo
        self._purpose = purpose
        self._observer = observer or Unobserved()
        self._threshold = 0 if prepare else None
        self._before = [_local({"jit": "off", **settings})] if settings else []
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._closed = False

    async def connection(self) -> Connection:
        """The open connection. Raises `DatabaseUnavailable`."""
        if self._closed:
            raise DatabaseUnavailable("The engine is closed.")
        if self._connection is None or self._connection.closed:
            self._connection = await self._open()
        return self._connection

    async def _open(self) -> Connection:
        try:
            made = await connect(
                self._conninfo, self._purpose, autocommit=True, prepare_threshold=self._threshold
            )
        except psycopg.Error as error:
            raise explain(error) from error
        if self._closed:  # while it was made
            await made.close()
            raise DatabaseUnavailable("The engine is closed.")
        return made

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Connection]:
        """The connection for several statements in a row; its failures become `DatabaseUnavailable`.

        A server that takes no writes is one that has failed over: the next caller looks for the new one.
        """
        async with self._lock:
            connection = await self.connection()
            since, failed = time.monotonic(), True
            try:
                yield connection
                failed = False
            except psycopg.OperationalError as error:
                if (error.sqlstate or "").startswith(_LIMITS):
                    raise
                raise explain(error) from error
            except psycopg.errors.ReadOnlySqlTransaction as error:
                await connection.close()
                raise explain(error) from error
            finally:
                self._observer.statement(self._purpose, time.monotonic() - since, failed=failed)
                if self._closed:  # meanwhile: whoever closes it could only shut its socket
                    await connection.close()

    async def rows(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        *,
        before: Sequence[Query] = (),
    ) -> list[TupleRow]:
        """Execute one statement and return its rows, if it has any.

        What is to come `before` it is executed in the same transaction without a round trip of its own.
        Raises `DatabaseUnavailable` where the connection is or goes away; what psycopg says otherwise.
        """
        async with self.held() as connection:
            first = (*self._before, *before)
            if not first:
                cursor = await connection.execute(sql.encode(), parameters)
            else:
                cursor = await _together(connection, (*first, Query(sql, parameters)))
            return await cursor.fetchall() if cursor.description else []

    async def close(self) -> None:
        """Close the connection, if there is one, and open none any more."""
        self._closed = True
        if self._connection is not None:
            await self._connection.close()


async def _together(connection: Connection, queries: Sequence[Query]) -> psycopg.AsyncCursor[TupleRow]:
    """Execute all in one transaction and one round trip; the cursor of the last."""
    try:
        async with connection.pipeline():  # which is one transaction, as nothing in it says otherwise
            cursors = [await connection.execute(query.sql.encode(), query.parameters) for query in queries]
    except asyncio.CancelledError:
        await connection.close()  # some of the answers may still be on their way
        raise
    return cursors[-1]


def _local(settings: Mapping[str, str]) -> Query:
    """Sets what holds for the rest of the transaction."""
    calls = ", ".join("set_config(%s, %s, true)" for _ in settings)
    return Query(f"select {calls}", [part for pair in settings.items() for part in pair])
