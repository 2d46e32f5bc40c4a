"""Sessions for requests: a bounded pool of connections, one transaction for each request, committed here."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from sqlalchemy import event, exc
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_only

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.access import settings_of
from pilothouse.kit.connecting import Connection, connect, silence_of
from pilothouse.kit.reading import Overloaded, Read, Reader, Told
from pilothouse.kit.scope import Scope, request_scope

__all__ = ["Database", "Overloaded"]

_BEGIN = {number: "select " + ", ".join(["set_config(%s, %s, true)"] * number) for number in (2, 5)}
"""What holds for a transaction; nothing is set for the session, which a transaction pooler shares."""

_beginning: ContextVar[Scope | None] = ContextVar("beginning", default=None)
"""The scope of the transaction that is about to begin."""


class Database:
    """The connections of one process for everything but the engine. Use it within one event loop.

    At most `connections` are open; a request waits `patience` seconds for one. A statement is stopped after
    `statement_timeout` seconds. A connection's transaction begins when it is handed out, which also shows
    whether it still works: a database that was away is found again without a restart. With `prepare`
    statements that come often are kept on the server. The server shows the connections' `purpose`.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        connections: int = 10,
        patience: float = 5.0,
        statement_timeout: float = 15.0,
        prepare: bool = True,
        purpose: str = "api",
    ) -> None:
        """Nothing is opened before the first query."""
        self._conninfo = conninfo
        self._purpose = purpose
        self.most = connections
        self._waiting: dict[object, float] = {}  # since when, the longest first
        self._handed_out_at = time.monotonic()
        self._milliseconds = str(int(statement_timeout * 1_000))
        self._silence = max(silence_of(conninfo), statement_timeout + 1)  # the server's word comes first
        self._threshold = 5 if prepare else None
        self._open: list[Connection] = []
        self._closed = False
        self._era = 0  # which server it is, counted by the times that one has failed over
        self._engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=self._connect,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=patience,
        )
        event.listen(self._engine.sync_engine, "checkout", self._handed_out)
        self._reader = Reader(
            conninfo,
            patience=patience,
            statement_timeout=statement_timeout,
            prepare=prepare,
            purpose=f"{purpose}-reads",
        )
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def session(self, scope: Scope) -> AsyncIterator[AsyncSession]:
        """A session whose transaction is committed when the block ends well, and rolled back otherwise.

        It has the app's rights: row-level security shows it the rows of the scope's tenant. Raises
        `DatabaseUnavailable` where the database does not answer, `Overloaded` where no connection becomes
        free in time.
        """
        async with self._session(scope) as session:
            yield session

    @asynccontextmanager
    async def maintenance(self) -> AsyncIterator[AsyncSession]:
        """As `session`, with this login's rights to the rows of all tenants.

        For jobs that tend to all of them, and for what has to be known before there is a scope. Only modules
        that `checks/access.py` lists may call it.
        """
        async with self._session(None) as session:
            yield session

    @asynccontextmanager
    async def _session(self, scope: Scope | None) -> AsyncIterator[AsyncSession]:
        try:
            async with self._sessions.begin() as session:
                await self._obtain(session, scope)
                yield session
        except exc.TimeoutError as error:
            raise Overloaded(hint="Try again in a moment.") from error
        except (exc.OperationalError, exc.InterfaceError, exc.PendingRollbackError) as error:
            raise _away(error) from error
        except exc.InternalError as error:
            if not isinstance(error.orig, psycopg.errors.ReadOnlySqlTransaction):
                raise
            self._era += 1  # the server has failed over: look for the new one
            raise _away(error) from error

    async def _obtain(self, session: AsyncSession, scope: Scope | None) -> None:
        waiting, token = object(), _beginning.set(scope)
        self._waiting[waiting] = time.monotonic()
        try:
            await session.connection()
        finally:
            del self._waiting[waiting]
            _beginning.reset(token)

    async def of_request(self) -> AsyncIterator[AsyncSession]:
        """A session in the request's scope, as a FastAPI dependency: one for each request."""
        async with self._session(await request_scope()) as session:
            yield session

    async def read(self, scope: Scope, *reads: Read[Any]) -> list[Any]:
        """What the reads find, all at one moment, in the scope's tenant; see `Reader.read`."""
        return await self._reader.read(scope, *reads)

    def observe_reads(self, told: Told) -> None:
        """Tell of each round trip of `read`."""
        self._reader.observe = told

    @property
    def engine(self) -> AsyncEngine:
        """The engine behind the sessions, for those who observe its statements."""
        return self._engine

    def used(self) -> int:
        """How many connections are in use."""
        pool = self._engine.pool
        return pool.checkedout() if isinstance(pool, AsyncAdaptedQueuePool) else 0

    def exhausted(self) -> float:
        """For how many seconds there have been too few connections; 0 where all are busy and none is missed.

        That is how long somebody has waited for one, or how long the same ones have held them all.
        """
        if self.used() < self.most:
            return 0.0
        now = time.monotonic()
        return now - min(self._handed_out_at, next(iter(self._waiting.values()), now))

    async def close(self) -> None:
        """Close every connection, also those in use, and open none any more."""
        self._closed = True
        try:
            await self._reader.close()
            await self._engine.dispose()
        finally:
            for connection in self._open:  # the pool forgets those that it has handed out
                connection.give_up()

    async def _connect(self) -> Connection:
        connection = await connect(self._conninfo, self._purpose, prepare_threshold=self._threshold)
        if self._closed:  # before it was made, or meanwhile
            await connection.close()
            raise psycopg.OperationalError("the connections of this process are closed")
        connection.silence = self._silence
        self._open = [one for one in self._open if not one.closed] + [connection]
        return connection

    def _handed_out(self, adapted: Any, record: Any, _proxy: object) -> None:
        """SQLAlchemy's event: begin the transaction, on another connection where this one was lost."""
        self._handed_out_at = time.monotonic()
        if record.info.setdefault("era", self._era) != self._era:
            raise exc.InvalidatePoolError
        used = record.info.setdefault("used", False)
        try:
            await_only(self._begin(adapted.driver_connection))
        except psycopg.OperationalError as error:
            if not used:
                raise
            raise exc.InvalidatePoolError from error
        record.info["used"] = True

    async def _begin(self, connection: Connection) -> None:
        wanted = {"timezone": "UTC", "statement_timeout": self._milliseconds} | settings_of(_beginning.get())
        statement = _BEGIN[len(wanted)]
        async with connection.pipeline():
            await connection.execute(statement, [part for pair in wanted.items() for part in pair])


def _away(error: exc.SQLAlchemyError) -> DatabaseUnavailable:
    reason = str(getattr(error, "orig", None) or error).strip()
    return DatabaseUnavailable(
        f"The database does not answer: {reason}",
        hint="`pilothouse doctor` shows why; requests work again once it is back.",
    )
