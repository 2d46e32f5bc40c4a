"""A connection on which many statements share a round trip: what costs least for what is asked for most.

psycopg converses statement by statement; this speaks libpq's pipeline mode through `psycopg.pq` and leaves
the socket watched between the questions. Rows are read by psycopg's own loaders.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.adapt import Buffer, Loader, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from pilothouse.kit.connecting import Connection, NoAnswer

Value = str | int | float | UUID | None
Statement = tuple[str, Sequence[Value]]
"""A query with `$1`, `$2`..., and their values, whose types the server infers."""

Rows = list[Any]
"""Rows with attributes named as the columns."""

_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class _Utc(Loader):
    """Reads times in UTC, whatever the session's time zone is."""

    format = Format.BINARY

    def load(self, data: Buffer) -> dt.datetime:
        return _EPOCH + dt.timedelta(microseconds=int.from_bytes(data, "big", signed=True))


class Pipe:
    """One connection in pipeline mode. Ask one thing at a time, within one event loop.

    With `prepare` statements are kept on the server. Where nothing is heard for `silence` seconds, the
    connection counts as cut.
    """

    def __init__(self, connection: Connection, *, prepare: bool, silence: float) -> None:
        """Take a connection over, which is in autocommit mode and used for nothing else."""
        self._connection = connection
        self._pgconn = connection.pgconn
        self._prepare = prepare
        self._silence = silence
        self._loop = asyncio.get_running_loop()
        connection.adapters.register_loader("timestamptz", _Utc)
        self._reading = Transformer(connection)
        self._named: dict[str, bytes] = {}
        self._count = 0
        self._makers: dict[tuple[bytes | None, ...], Callable[[Sequence[Any]], Any]] = {}
        self._results: list[PGresult] = []
        self._answered: asyncio.Future[None] | None = None
        self._heard = 0.0
        self._pgconn.enter_pipeline_mode()
        self._socket = self._pgconn.socket
        self._loop.add_reader(self._socket, self._readable)
        self.closed = False

    async def ask(self, statements: Sequence[Statement]) -> list[Rows]:
        """Execute all in one transaction; the rows of each. Raises psycopg's errors."""
        said = [[_text(value) for value in values] for _, values in statements]
        self._answered, self._heard = self._loop.create_future(), self._loop.time()
        self._watching = self._loop.call_later(self._silence, self._watch)
        try:
            for (sql, _), values in zip(statements, said, strict=True):
                self._send(sql, values)
            self._pgconn.pipeline_sync()
            await self._flushed()
            await self._answered
        except BaseException:
            self.close()  # some of the answers may still be on their way
            raise
        finally:
            self._watching.cancel()
            results, self._results, self._answered = self._results, [], None
        return self._rows(results)

    def close(self) -> None:
        """Give the connection up."""
        if not self.closed:
            self.closed = True
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._pgconn.finish()

    def _send(self, sql: str, said: Sequence[bytes | None]) -> None:
        if not self._prepare:
            self._pgconn.send_query_params(sql.encode(), said, result_format=Format.BINARY)
            return
        name = self._named.get(sql)
        if name is None:
            self._count += 1
            name = self._named[sql] = b"read_%d" % self._count
            self._pgconn.send_prepare(name, sql.encode())
        self._pgconn.send_query_prepared(name, said, result_format=Format.BINARY)

    async def _flushed(self) -> None:
        """Wait until all is sent: what is longer than the socket's buffer takes more than one turn."""
        while self._pgconn.flush():
            writable = self._loop.create_future()
            self._loop.add_writer(self._socket, _done, writable)
            await writable
            self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        """Something came: an answer, or the end of the connection."""
        answered = self._answered
        try:
            self._pgconn.consume_input()
            self._heard = self._loop.time()
            while answered is not None and not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is None:
                    continue  # between the answers to two statements
                if result.status == ExecStatus.PIPELINE_SYNC:
                    _done(answered)
                    return
                self._results.append(result)
        except psycopg.Error as error:
            self._lost(error)

    def _watch(self) -> None:
        """Give the connection up where nothing was heard for too long."""
        left = self._heard + self._silence - self._loop.time()
        if left > 0:
            self._watching = self._loop.call_later(left, self._watch)
        else:
            self._lost(NoAnswer(f"nothing was heard for {self._silence:g} s"))

    def _lost(self, error: psycopg.Error) -> None:
        answered = self._answered
        self.close()
        if answered is not None and not answered.done():
            answered.set_exception(error)

    def _rows(self, results: Sequence[PGresult]) -> list[Rows]:
        rows = list[Rows]()
        for result in results:
            if result.status == ExecStatus.TUPLES_OK:
                rows.append(self._read(result))
            elif result.status != ExecStatus.COMMAND_OK:  # which is what a preparation is answered with
                self._named.clear()  # some were not prepared, and some may have become stale
                raise error_from_result(result)
        return rows

    def _read(self, result: PGresult) -> Rows:
        names = tuple(result.fname(at) for at in range(result.nfields))
        maker = self._makers.get(names)
        if maker is None:
            fields = [(name or b"").decode() for name in names]
            maker = self._makers[names] = namedtuple("Row", fields, rename=True)._make  # type: ignore[attr-defined]  # noqa: PYI024 - the server knows its fields
        self._reading.set_pgresult(result, format=Format.BINARY)
        return self._reading.load_rows(0, result.ntuples, maker)


def _text(value: Value) -> bytes | None:
    """A value as the server reads it. Raises `psycopg.DataError` where no text can be made of it."""
    if value is None:
        return None
    try:
        text = str(value).encode()
    except UnicodeEncodeError as error:
        raise psycopg.DataError("text in PostgreSQL has no half of a surrogate pair") from error
    if b"\0" in text:
        raise psycopg.DataError("text in PostgreSQL has no NUL")
    return text


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
