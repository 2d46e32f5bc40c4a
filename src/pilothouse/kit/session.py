"""Sessions for requests: a bounded pool of connections, one transaction for each request, committed here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from pilothouse.errors import DatabaseUnavailable, Unavailable

CONNECT_TIMEOUT = 5
"""Seconds to wait for a new connection."""

_AWAY = (exc.OperationalError, exc.InterfaceError, exc.PendingRollbackError)


class Overloaded(Unavailable):
    """There are more requests than can be served now."""

    code = "overloaded"


class Database:
    """The connections of one process for everything but the engine. Use it within one event loop.

    At most `connections` are open; a request waits `patience` seconds for one. A statement is stopped after
    `statement_timeout` seconds. A connection is tried before it is used, so that a database that was away
    is found again without a restart.
    """

    def __init__(
        self, conninfo: str, *, connections: int = 10, patience: float = 5.0, statement_timeout: float = 15.0
    ) -> None:
        """Nothing is opened before the first query."""
        options = f"{conninfo_to_dict(conninfo).get('options') or ''} -c timezone=UTC"
        options += f" -c statement_timeout={int(statement_timeout * 1000)}"
        self._conninfo = make_conninfo(conninfo, options=options.strip(), application_name="pilothouse-api")
        self._engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=self._connect,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=patience,
            pool_pre_ping=True,
        )
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
        except _AWAY as error:
            reason = str(getattr(error, "orig", None) or error).strip()
            raise DatabaseUnavailable(
                f"The database does not answer: {reason}",
                hint="`pilothouse doctor` shows why; requests work again once it is back.",
            ) from error

    async def of_request(self) -> AsyncIterator[AsyncSession]:
        """A session as a FastAPI dependency: one for each request, whoever asks for it."""
        async with self.session() as session:
            yield session

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(self._conninfo, connect_timeout=CONNECT_TIMEOUT)
