"""Sessions for requests: a bounded pool of connections, one transaction for each request, committed here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import event, exc
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_only

from pilothouse.errors import DatabaseUnavailable, Unavailable
from pilothouse.kit.connecting import Connection, connect, silence_of

BEGIN = "select set_config('timezone', 'UTC', true), set_config('statement_timeout', %s, true)"
"""What holds for a transaction; nothing is set for the session, which a transaction pooler shares."""


class Overloaded(Unavailable):
    """There are more requests than can be served now."""

    code = "overloaded"


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
        self._milliseconds = str(int(statement_timeout * 1_000))
        self._silence = max(silence_of(conninfo), statement_timeout + 1)  # the server's word comes first
        self._threshold = 5 if prepare else None
        self._engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=self._connect,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=patience,
        )
        event.listen(self._engine.sync_engine, "checkout", self._handed_out)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session whose transaction is committed when the block ends well, and rolled back otherwise.

        Raises `DatabaseUnavailable` where the database does not answer, `Overloaded` where no connection
        becomes free in time.
        """
        try:
            async with self._sessions.begin() as session:
                yield session
        except exc.TimeoutError as error:
            raise Overloaded(hint="Try again in a moment.") from error
        except (exc.OperationalError, exc.InterfaceError, exc.PendingRollbackError) as error:
            raise _away(error) from error
        except exc.InternalError as error:
            if not isinstance(error.orig, psycopg.errors.ReadOnlySqlTransaction):
                raise
            await self._engine.dispose()  # the server has failed over: look for the new one
            raise _away(error) from error

    async def of_request(self) -> AsyncIterator[AsyncSession]:
        """A session as a FastAPI dependency: one for each request, whoever asks for it."""
        async with self.session() as session:
            yield session

    @property
    def engine(self) -> AsyncEngine:
        """The engine behind the sessions, for those who observe its statements."""
        return self._engine

    def used(self) -> int:
        """How many connections are in use."""
        pool = self._engine.pool
        return pool.checkedout() if isinstance(pool, AsyncAdaptedQueuePool) else 0

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    async def _connect(self) -> Connection:
        connection = await connect(self._conninfo, self._purpose, prepare_threshold=self._threshold)
        connection.silence = self._silence
        return connection

    def _handed_out(self, adapted: Any, record: Any, _proxy: object) -> None:
        """SQLAlchemy's event: begin the transaction, on another connection where this one was lost."""
        used = record.info.setdefault("used", False)
        try:
            await_only(self._begin(adapted.driver_connection))
        except psycopg.OperationalError as error:
            if not used:
                raise
            raise exc.InvalidatePoolError from error
        record.info["used"] = True

    async def _begin(self, connection: Connection) -> None:
        async with connection.pipeline():
            await connection.execute(BEGIN, (self._milliseconds,))


def _away(error: exc.SQLAlchemyError) -> DatabaseUnavailable:
    reason = str(getattr(error, "orig", None) or error).strip()
    return DatabaseUnavailable(
        f"The database does not answer: {reason}",
        hint="`pilothouse doctor` shows why; requests work again once it is back.",
    )
