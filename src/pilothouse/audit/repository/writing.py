"""The one statement that writes an entry, in the transaction of what it records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.runtime.beside import together
from pilothouse.runtime.ports import Statement

_COLUMNS = ("id", "tenant_id", "at", "kind", "actor", "subject", "run_id", "step", "append", "leaf")
_INTO = f"insert into audit_inbox ({', '.join(_COLUMNS)}) values "  # noqa: S608 - names of our own

INSERT = f"""
insert into audit_inbox ({", ".join(_COLUMNS)})
select {", ".join(_COLUMNS)} from json_to_recordset(%s::json) as given(
  id uuid, tenant_id text, at timestamptz, kind text, actor text, subject text, run_id uuid, step text,
  append text, leaf bytea)
"""  # noqa: S608 - names of our own
"""For appends of the runtime, once for all that share a transaction; its parameters are those of `Line`."""

_NAMED = _INTO + f"({', '.join(f':{name}' for name in _COLUMNS)})"


class Line(NamedTuple):
    """An entry as it is written."""

    id: UUID
    tenant_id: str
    at: Any
    kind: str
    actor: str
    subject: str
    run_id: UUID | None
    step: str | None
    append: str | None
    leaf: bytes


async def insert(session: AsyncSession, line: Line) -> None:
    """Write an entry in the session's transaction."""
    await session.execute(text(_NAMED), line._asdict())


async def write(session: AsyncSession, statements: Sequence[Statement]) -> None:
    """Write what was to ride in appends in the session's transaction, all of one kind at once."""
    connection = await session.connection()
    for statement, parameters in together(statements):
        await connection.exec_driver_sql(statement, tuple(parameters))
