"""Reads of what is asked for most: several queries in one transaction and one round trip, without an ORM."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import psycopg

from pilothouse.errors import DatabaseUnavailable, Unavailable
from pilothouse.kit.access import settings_of
from pilothouse.kit.connecting import connect
from pilothouse.kit.pipe import Pipe, Rows, Statement, Value
from pilothouse.kit.scope import Scope

T = TypeVar("T")

Told = Callable[[Sequence[str], float, bool], None]
"""Hears of one read: its statements, how many seconds it took, and whether it failed."""

Settings = tuple[tuple[str, str], ...]
"""What a transaction is set to: names and values."""

CONNECTIONS = 4
"""How many are open at most. A read takes the server a fraction of the time that it takes the interpreter."""

TOGETHER = 16
"""How many reads share a transaction at most."""

_CLOSED = "The connections of this process are closed."


class Overloaded(Unavailable):
    """There are more requests than can be served now."""

    code = "overloaded"


@dataclass(frozen=True)
class Read(Generic[T]):
    """A query that changes nothing, and what its rows (with attributes named as the columns) mean.

    `sql` has `$1`, `$2`... for the parameters, whose types the server infers.
    """

    sql: str
    parameters: Sequence[Value]
    parse: Callable[[list[Any]], T]


@dataclass(eq=False)
class _Asked:
    """Statements that somebody waits for."""

    statements: Sequence[Statement]
    answer: asyncio.Future[list[Rows]]
    expiry: asyncio.TimerHandle = field(init=False)

    def fail(self, error: Exception) -> None:
        """Raise `error` where it is waited for."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Reader:
    """A few connections for reads under row-level security. Use it within one event loop.

    Reads of one scope that wait at the same moment share a transaction. A read waits `patience` seconds for
    a connection; a statement is stopped after `statement_timeout` seconds. With `prepare` statements are
    kept on the server.
    """

    def __init__(
        self, conninfo: str, *, patience: float, statement_timeout: float, prepare: bool, purpose: str
    ) -> None:
        """Nothing is opened before the first read."""
        self._conninfo = conninfo
        self._patience = patience
        self._milliseconds = str(int(statement_timeout * 1_000))
        self._silence = statement_timeout + 1
        self._prepare = prepare
        self._purpose = purpose
        self._waiting = OrderedDict[Settings, deque[_Asked]]()
        self._beginning = False
        self._serving = set[asyncio.Task[None]]()
        self._idle: list[Pipe] = []
        self._closed = False
        self.observe: Told = lambda _statements, _seconds, _failed: None

    @property
    def used(self) -> int:
        """How many connections are in use."""
        return len(self._serving)

    async def read(self, scope: Scope, *reads: Read[Any]) -> list[Any]:
        """What the reads find, all at one moment, in the scope's tenant.

        Raises `DatabaseUnavailable` where the database does not answer, `Overloaded` where no connection
        becomes free in time.
        """
        began, failed = time.monotonic(), True
        try:
            settings = (("statement_timeout", self._milliseconds), *settings_of(scope).items())
            rows = await self._in_line(settings, [(read.sql, read.parameters) for read in reads])
            failed = False
        finally:
            self.observe([read.sql for read in reads], time.monotonic() - began, failed)
        return [read.parse(found) for read, found in zip(reads, rows, strict=True)]

    async def close(self) -> None:
        """Close every connection, and open none any more."""
        self._closed = True
        while self._waiting:
            for asked in self._waiting.popitem()[1]:
                asked.expiry.cancel()
                asked.fail(DatabaseUnavailable(_CLOSED))
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        try:
            await asyncio.gather(*serving, return_exceptions=True)
        finally:
            while self._idle:
                self._idle.pop().close()

    async def _in_line(self, settings: Settings, statements: Sequence[Statement]) -> list[Rows]:
        """Wait for the rows of the statements."""
        if self._closed:
            raise DatabaseUnavailable(_CLOSED)
        loop = asyncio.get_running_loop()
        asked = _Asked(statements, loop.create_future())
        asked.expiry = loop.call_later(self._patience, asked.fail, Overloaded(hint="Try again in a moment."))
        self._waiting.setdefault(settings, deque()).append(asked)
        if not self._beginning:
            self._beginning = True
            loop.call_soon(self._begin)  # whoever else asks in this turn of the loop goes along
        return await asked.answer

    def _begin(self) -> None:
        """Serve those who wait on one connection more, where there may be one more."""
        self._beginning = False
        if self._waiting and len(self._serving) < CONNECTIONS and not self._closed:
            task = asyncio.get_running_loop().create_task(self._serve())
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _serve(self) -> None:
        """Serve those who wait until nobody does."""
        while self._waiting:
            settings, together = self._next()
            self._begin()
            try:
                await self._serve_together(settings, together)
            finally:
                for asked in together:
                    asked.answer.cancel()  # which means nothing to those who have an answer

    def _next(self) -> tuple[Settings, list[_Asked]]:
        """Some who wait, all of one scope. The scopes take turns."""
        settings, line = self._waiting.popitem(last=False)
        taken = [line.popleft() for _ in range(min(len(line), TOGETHER))]
        if line:
            self._waiting[settings] = line
        for asked in taken:
            asked.expiry.cancel()
        return settings, [asked for asked in taken if not asked.answer.done()]  # the others have given up

    async def _serve_together(self, settings: Settings, together: Sequence[_Asked]) -> None:
        """Answer all in one transaction. Where it fails they are served one by one: each fails for itself."""
        if not together:
            return
        statements = [statement for asked in together for statement in asked.statements]
        try:
            rows = iter((await self._rows([_beginning(settings), *statements]))[1:])
        except psycopg.Error as error:
            if len(together) == 1:
                together[0].fail(_away(error) if isinstance(error, psycopg.OperationalError) else error)
                return
            for asked in together:
                await self._serve_together(settings, [asked])
        except DatabaseUnavailable as error:
            for asked in together:
                asked.fail(error)
        else:
            for asked in together:
                found = [next(rows) for _ in asked.statements]
                if not asked.answer.done():
                    asked.answer.set_result(found)

    async def _rows(self, statements: Sequence[Statement]) -> list[Rows]:
        """The rows of all statements. A connection lost since its last use is replaced."""
        while True:
            kept = self._idle.pop() if self._idle else None
            if kept is not None and kept.closed:
                continue
            pipe = kept or await self._open()
            try:
                return await pipe.ask(statements)
            except psycopg.OperationalError as error:
                if not pipe.closed:
                    raise
                if kept is None:
                    raise _away(error) from error
            finally:
                if self._closed:  # meanwhile, and whoever closed did not wait for this
                    pipe.close()
                elif not pipe.closed:
                    self._idle.append(pipe)

    async def _open(self) -> Pipe:
        try:
            made = await connect(self._conninfo, self._purpose, autocommit=True)
        except psycopg.Error as error:
            raise _away(error) from error
        return Pipe(made, prepare=self._prepare, silence=max(made.silence, self._silence))


def _beginning(settings: Settings) -> Statement:
    """What sets a transaction; one column, since they have all one name."""
    calls = (f"set_config(${at}, ${at + 1}, true)" for at in range(1, 2 * len(settings), 2))
    return f"select {' || '.join(calls)}", [part for setting in settings for part in setting]


def _away(error: psycopg.Error) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"The database does not answer: {str(error).strip()}",
        hint="`pilothouse doctor` shows why; requests work again once it is back.",
    )
