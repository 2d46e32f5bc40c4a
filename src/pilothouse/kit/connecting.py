"""How connections to PostgreSQL are made: each says what it is for, and is given up where nothing answers."""

from __future__ import annotations

import socket
import time
from collections.abc import Generator
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from pilothouse.errors import Category, PilothouseError

T = TypeVar("T")

CONNECT_TIMEOUT = 5
"""Seconds to wait for a connection before the attempt counts as failed."""

SILENCE = 20.0
"""Seconds without an answer after which a connection counts as cut, where nothing else is said."""


class PoolerInBetween(PilothouseError):
    """Sessions of their own are needed, and a pooler stands in between."""

    code = "pooler_in_between"
    category = Category.USER


class NoAnswer(psycopg.OperationalError):
    """The server was asked and says nothing: the network is cut, or whoever stands in between hangs."""


def watched(conninfo: str, silence: float) -> str:
    """`conninfo`, whose connections count as cut after `silence` seconds (1 or more) without a sign of life.

    The operating system then probes an idle TCP connection and gives up what is not acknowledged in that
    time; on a Unix socket there is nothing to probe. What the string says of its own about this is kept.
    """
    probes = {
        "keepalives_idle": max(round(silence / 2), 1),
        "keepalives_interval": max(round(silence / 6), 1),
        "keepalives_count": 3,
        "tcp_user_timeout": round(silence * 1_000),  # milliseconds
    }
    said = conninfo_to_dict(conninfo)
    return make_conninfo(conninfo, **{name: value for name, value in probes.items() if name not in said})


def named(conninfo: str, purpose: str) -> str:
    """`conninfo`, whose connections are shown by the server with what they are for."""
    return make_conninfo(conninfo, application_name=f"pilothouse-{purpose}")


def silence_of(conninfo: str) -> float:
    """After how many seconds without an answer a connection of `conninfo` counts as cut; see `watched`."""
    said = conninfo_to_dict(conninfo).get("tcp_user_timeout")
    return float(said) / 1_000 if said is not None and float(said) > 0 else SILENCE


class Connection(psycopg.AsyncConnection[TupleRow]):
    """A connection that is closed, with `NoAnswer`, where a question stays unanswered for `silence` seconds.

    The operating system notices a cut network by itself; but a proxy in between may take what is sent,
    acknowledge it and never answer, and a server may hang.
    """

    silence = SILENCE

    def give_up(self) -> None:
        """End the session at once. Whoever waits for an answer gets psycopg's `OperationalError`.

        Who waits reads libpq's memory, which must not be freed meanwhile: only the socket is shut then.
        """
        if self.lock.locked():
            with suppress(OSError, psycopg.OperationalError):  # it is lost already
                _shut(self.pgconn.socket)
        else:
            self.pgconn.finish()

    async def close(self) -> None:
        """As `give_up`: psycopg would free what another task of this process may be reading."""
        self._closed = True
        self.give_up()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Close, also where whoever closes is cancelled once more: psycopg would leave it open then."""
        try:
            await super().__aexit__(exc_type, exc_val, exc_tb)
        finally:
            self.pgconn.finish()

    async def wait(self, gen: PQGen[T], *args: Any, **said: Any) -> T:
        """Wait for an answer, as psycopg does, for a bounded time."""
        try:
            return await super().wait(answered(gen, self.silence), *args, **said)
        except NoAnswer:
            self.pgconn.finish()
            raise


def _shut(descriptor: int) -> None:
    """End what a socket says and hears; it stays its owner's to close."""
    shared = socket.socket(fileno=descriptor)
    try:
        shared.shutdown(socket.SHUT_RDWR)
    finally:
        shared.detach()


class ThreadConnection(psycopg.Connection[TupleRow]):
    """As `Connection`, for use in a thread."""

    silence = SILENCE

    def wait(self, gen: PQGen[T], *args: Any, **said: Any) -> T:
        """Wait for an answer, as psycopg does, for a bounded time."""
        try:
            return super().wait(answered(gen, self.silence), *args, **said)
        except NoAnswer:
            self.pgconn.finish()
            raise


def answered(gen: PQGen[T], silence: float) -> Generator[Any, Any, T]:
    """The same conversation as `gen`. Raises `NoAnswer` where the other side is silent for too long."""
    try:
        wanted = next(gen)
        deadline = time.monotonic() + silence
        while True:
            ready = yield wanted
            if ready:
                deadline = time.monotonic() + silence
            elif time.monotonic() > deadline:
                raise NoAnswer(f"nothing was heard for {silence:g} s")
            wanted = gen.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result


def insist_on_sessions(conninfo: str) -> None:
    """Raise `PoolerInBetween` where `conninfo` does not lead straight to a server.

    A pooler invents the process id that it tells its clients. A database that does not answer is somebody
    else's to report.
    """
    try:
        with psycopg.connect(named(conninfo, "probe"), connect_timeout=CONNECT_TIMEOUT) as connection:
            told = connection.info.backend_pid
            row = connection.execute("select pg_backend_pid()", prepare=False).fetchone()
    except psycopg.OperationalError:
        return
    if row != (told,):
        raise PoolerInBetween(
            "The database URL leads through a pooler, such as PgBouncer or RDS Proxy.",
            hint="Set PILOTHOUSE_DATABASE_DIRECT_URL to one that leads straight to PostgreSQL (to the same, "
            "if the pooler is in session mode); see docs/guides/connections.md.",
        )


def server_version(conninfo: str) -> int:
    """The major version of the server that answers at `conninfo`. Raises psycopg's errors."""
    with psycopg.connect(named(conninfo, "probe"), connect_timeout=CONNECT_TIMEOUT) as connection:
        row = connection.execute(
            "select current_setting('server_version_num')::int", prepare=False
        ).fetchone()
    return row[0] // 10_000 if row is not None else 0


async def connect(conninfo: str, purpose: str, **said: Any) -> Connection:
    """Open a connection. Raises psycopg's errors. `said` goes to psycopg's `connect`."""
    silence = silence_of(conninfo)
    connection = await Connection.connect(
        named(conninfo, purpose), connect_timeout=_patience(silence), **said
    )
    connection.silence = silence
    return connection


def connect_in_thread(conninfo: str, purpose: str, silence: float, **said: Any) -> ThreadConnection:
    """As `connect`, for use in a thread, with a bound of its own."""
    connection = ThreadConnection.connect(
        named(conninfo, purpose), connect_timeout=_patience(silence), **said
    )
    connection.silence = silence
    return connection


def _patience(silence: float) -> int:
    """Seconds for an attempt to connect: no more than for an answer, and libpq takes no less than 2."""
    return max(2, min(CONNECT_TIMEOUT, int(silence)))
