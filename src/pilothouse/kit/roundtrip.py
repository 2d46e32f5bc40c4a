"""Several statements in one round trip on psycopg's own connections, for what is written most.

psycopg's pipeline takes a cursor, a system call and several turns of its machinery for each statement; this
hands all of them to libpq at once. Parameters and rows are psycopg's, by its own dumpers and loaders. What is
kept on the server is not psycopg's, who forgets all of it with each rollback: roll back by a round trip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import TupleRow
from psycopg.waiting import Ready, Wait

from pilothouse.kit.connecting import Connection

Key = tuple[str, tuple[int, ...]]
"""A statement and the types of its parameters."""

_numbers = count(1)
_prepared: WeakKeyDictionary[Connection, dict[Key, bytes]] = WeakKeyDictionary()
"""The names of the statements that a connection keeps on the server."""

STALE = frozenset({b"0A000", b"26000"})
"""The SQLSTATEs of a prepared statement whose table has changed since, or that the server has no more."""


class _Ready(NamedTuple):
    """A statement as libpq takes it; `name` is None where nothing is kept, and `fresh` where it is new."""

    key: Key
    sql: bytes
    parameters: Sequence[Any]
    types: tuple[int, ...]
    formats: Sequence[Format]
    name: bytes | None
    fresh: bool


async def round_trip(
    connection: Connection, statements: Sequence[tuple[str, Sequence[Any]]]
) -> list[list[TupleRow]]:
    """Execute statements (with `%s` for their parameters) in order; the rows of each.

    Where no transaction is open they are one, unless something among them says otherwise; it is committed by
    the end. The first that fails is raised as psycopg's error, and what stood behind it was not executed.
    """
    async with connection.lock:
        transformer: abc.Transformer = Transformer(connection)
        names = None if connection.prepare_threshold is None else _prepared.setdefault(connection, {})
        new: dict[Key, bytes] = {}
        ready = [_made_ready(transformer, sql, given, names, new) for sql, given in statements]
        answers = await connection.wait(_conversation(connection, ready))
        rows = list[list[TupleRow]]()
        for one, result in _paired(ready, answers):
            if result.status == ExecStatus.TUPLES_OK:
                transformer.set_pgresult(result)
                rows.append(transformer.load_rows(0, result.ntuples, tuple))
            elif result.status != ExecStatus.COMMAND_OK:
                if result.error_field(DiagnosticField.SQLSTATE) in STALE:
                    _prepared.pop(connection, None)
                raise error_from_result(result, encoding=connection.info.encoding)
            elif one is None:
                rows.append([])
            elif names is not None and one.name is not None:
                names[one.key] = one.name
        return rows


def _made_ready(
    transformer: abc.Transformer,
    sql: str,
    given: Sequence[Any],
    names: Mapping[Key, bytes] | None,
    new: dict[Key, bytes],
) -> _Ready:
    values = transformer.dump_sequence(given, [PyFormat.AUTO] * len(given))
    types, formats = transformer.types or (), transformer.formats or ()
    key = (sql, types)
    if names is None:
        return _Ready(key, _numbered(sql), values, types, formats, None, fresh=False)
    name = names.get(key) or new.get(key)
    fresh = name is None
    if name is None:
        name = new[key] = b"trip_%d" % next(_numbers)
    return _Ready(key, _numbered(sql), values, types, formats, name, fresh)


def _conversation(connection: Connection, statements: Sequence[_Ready]) -> abc.PQGen[list[PGresult]]:
    """Send all and hear the answers, also those to preparations."""
    pgconn = connection.pgconn
    results = list[PGresult]()
    try:
        pgconn.enter_pipeline_mode()
        for one in statements:
            _send(pgconn, one)
        pgconn.pipeline_sync()
        while pgconn.flush():
            if (yield Wait.RW) & Ready.R:
                pgconn.consume_input()
        while True:
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:
                    continue  # between the answers to two statements
                if result.status == ExecStatus.PIPELINE_SYNC:
                    pgconn.exit_pipeline_mode()
                    return results
                results.append(result)
            yield Wait.R
            pgconn.consume_input()
    except BaseException:
        pgconn.finish()  # some of the answers may still be on their way
        raise


def _send(pgconn: PGconn, one: _Ready) -> None:
    if one.name is None:
        pgconn.send_query_params(one.sql, one.parameters, one.types, one.formats)
        return
    if one.fresh:
        pgconn.send_prepare(one.name, one.sql, one.types)
    pgconn.send_query_prepared(one.name, one.parameters, one.formats)


def _paired(
    statements: Sequence[_Ready], answers: Iterable[PGresult]
) -> Iterator[tuple[_Ready | None, PGresult]]:
    """Each answer; with it the statement where it is the answer to a preparation.

    An answer more than there are statements is that to a commit which has failed.
    """
    told = iter(answers)
    for one in statements:
        if one.fresh:
            yield one, next(told)
        yield None, next(told)
    yield from ((None, answer) for answer in told)


@lru_cache(maxsize=512)
def _numbered(sql: str) -> bytes:
    """The statement with `$1`, `$2`... for each `%s`, as the server knows it; `%%` is a percent sign."""
    parts = sql.replace("%%", "\0").split("%s")
    numbered = "".join(part if at == 0 else f"${at}{part}" for at, part in enumerate(parts))
    return numbered.replace("\0", "%").encode()
