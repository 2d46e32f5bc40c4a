"""What is written beside appends: the statements of all of them, and the commit, in one round trip.

A row that many appends change, such as a budget's, is locked from there on: nothing of this process's own
stands between that and the commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from pilothouse.kit.roundtrip import round_trip
from pilothouse.runtime.connection import Connection
from pilothouse.runtime.errors import Declined
from pilothouse.runtime.ports import Statement

_Alone = dict[str, list[Sequence[Any]]]
"""Texts of statements, and the parameters of each time that one is executed."""


async def write(
    connection: Connection,
    statements: Sequence[tuple[int, Statement]],
    *,
    first: tuple[str, Sequence[Any]] | None = None,
) -> list[TupleRow]:
    """Execute the statements, each with the place of its append, and commit, all in one round trip.

    `first` stands before them in a transaction of its own, and its rows are returned; without it there is one
    already. Those that are gathered come last. Raises what psycopg says; then nothing is committed.
    """
    alone, shared = _executed(statements)
    each = [(text, row) for text, rows in alone.items() for row in rows]
    if first is None:
        await round_trip(connection, [*each, *shared, ("commit", ())])
        return []
    return (await round_trip(connection, [first, *each, *shared]))[0]


async def execute(connection: Connection, statements: Sequence[tuple[int, Statement]]) -> None:
    """Execute the statements in the transaction that is open, each with the place of its append."""
    alone, shared = _executed(statements)
    for text, rows in alone.items():
        await connection.cursor().executemany(text.encode(), rows)
    for text, parameters in shared:
        await connection.execute(text.encode(), parameters)


def _executed(statements: Sequence[tuple[int, Statement]]) -> tuple[_Alone, list[tuple[str, Sequence[Any]]]]:
    """What is executed for all of the statements: what has parameters of its own, and then what is shared."""
    alone: _Alone = defaultdict(list)
    listed: dict[tuple[bool, str], list[Mapping[str, Any]]] = defaultdict(list)
    gathered: dict[str, list[Sequence[Any]]] = defaultdict(list)
    for place, (text, parameters, is_gathered) in statements:
        if isinstance(parameters, Mapping):
            listed[is_gathered, text].append({"place": place, **parameters})
        elif is_gathered:
            gathered[text].append((place, *parameters))
        else:
            alone[text].append(parameters)
    # what is gathered locks rows: always in the same order, so that no two transactions wait for each other
    in_order = sorted(listed.items(), key=lambda item: (item[0][0], item[0][1] if item[0][0] else ""))
    shared: list[tuple[str, Sequence[Any]]] = [(text, (_listed(objects),)) for (_, text), objects in in_order]
    shared += [
        (text, [list(column) for column in zip(*rows, strict=True)]) for text, rows in gathered.items()
    ]
    return alone, shared


def alone(statement: Statement) -> tuple[str, Sequence[Any]]:
    """A statement that is not gathered, to be executed by itself: its text, and its parameters by place."""
    if isinstance(statement.parameters, Mapping):
        return statement.sql, (_listed([{"place": 0, **statement.parameters}]),)
    return statement.sql, statement.parameters


def together(statements: Sequence[Statement]) -> list[tuple[str, Sequence[Any]]]:
    """What is executed for statements that have no append: what is shared once for all of them."""
    each, shared = _executed([(0, statement) for statement in statements])
    return [*((text, row) for text, rows in each.items() for row in rows), *shared]


def _listed(objects: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(objects, default=_plain).decode()


def _plain(value: object) -> str:
    """What JSON has no form for, as PostgreSQL reads it."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


@asynccontextmanager
async def transaction(connection: Connection) -> AsyncIterator[None]:
    """What the block has begun and not committed is rolled back where it raises."""
    try:
        yield
    except psycopg.Error:
        if not connection.closed and connection.info.transaction_status is not TransactionStatus.IDLE:
            await round_trip(connection, [("rollback", ())])
        raise
    except BaseException:
        await connection.close()  # some of the answers may still be on their way
        raise


def declined(error: psycopg.Error) -> dict[int, BaseException]:
    """The errors of the appends that a gathered statement has declined, by their place."""
    reasons: dict[int, list[str]] = defaultdict(list)
    sources: dict[int, list[str]] = defaultdict(list)
    for item in orjson.loads(error.diag.message_detail or "[]"):
        reasons[item["item"]].append(item["reason"])
        sources[item["item"]].append(item["source"])
    if not reasons:
        raise error
    return {place: Declined(reasons[place], sources[place]) for place in reasons}
