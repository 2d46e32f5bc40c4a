"""Queries on sealed values, in whatever columns domains have declared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.kit.sealing import SealedColumn


class Sealed(NamedTuple):
    """A sealed value and where it stands. `key` are the values of the row's key, as texts."""

    key: tuple[str, ...]
    row: str
    field: str
    value: bytes


class ValueRepository:
    """The sealed values of one tenant in one column."""

    def __init__(self, session: AsyncSession, column: SealedColumn, tenant_id: str) -> None:
        """Work within `session`, which sees all tenants."""
        self._session = session
        self._column = column
        self._tenant_id = tenant_id

    async def count(self) -> int:
        """How many there are."""
        statement = f"select count(*) from {self._rows()}"  # noqa: S608 - declared by domains
        return int(await self._session.scalar(text(statement), {"tenant_id": self._tenant_id}) or 0)

    async def batch(self, after: Sequence[str] | None, limit: int) -> Sequence[Sealed]:
        """The next values behind the row with the key `after`, in the order of keys."""
        column = self._column
        walk = column.walk or tuple(self._of(name) for name in column.key)
        keys = ", ".join(walk)
        row = column.row or self._of(column.key[0])
        field = column.field or f"'{column.column}'"
        texts = ", ".join(f"cast({self._of(name)} as text)" for name in column.key)
        said: dict[str, object] = {"tenant_id": self._tenant_id, "limit": limit}
        behind = ""
        if after is not None:
            types = await self._types()
            places = ", ".join(f"cast(cast(:k{at} as text) as {types[at]})" for at in range(len(column.key)))
            first = f"{walk[0]} >= cast(cast(:k0 as text) as {types[0]})"  # what an index can begin at
            behind = f"and {first} and ({keys}) > ({places})"
            said |= {f"k{at}": part for at, part in enumerate(after)}
        statement = f"""
            select {self._of(column.column)}, cast({row} as text), {field}, {texts}
              from {self._rows()} {behind} order by {keys} limit :limit
        """  # noqa: S608 - declared by domains
        found = await self._session.execute(text(statement), said)
        return [Sealed(tuple(key), place, name, bytes(value)) for value, place, name, *key in found]

    async def replace(self, old: Sealed, value: bytes) -> bool:
        """Put `value` in place of `old`; False where somebody writes there, or has written meanwhile.

        It waits for nobody, so that it stops nobody either.
        """
        column, types = self._column, await self._types()
        same = " and ".join(
            f"{name} = cast(cast(:k{at} as text) as {types[at]})" for at, name in enumerate(column.key)
        )
        found = " and ".join(f"held.{name} = free.{name}" for name in column.key)
        statement = f"""
            with free as (
              select {", ".join(column.key)} from {column.table}
               where {same} and {column.column} = :old and tenant_id = :tenant_id
                 for no key update skip locked)
            update {column.table} as held set {column.column} = :new from free where {found}
        """  # noqa: S608 - declared by domains
        said = {f"k{at}": part for at, part in enumerate(old.key)}
        given = {"new": value, "old": old.value, "tenant_id": self._tenant_id, **said}
        done = await self._session.execute(text(statement), given)
        return isinstance(done, CursorResult) and done.rowcount == 1

    async def _types(self) -> list[str]:
        """The types of the key's columns, as casts name them."""
        statement = """
            select attname, format_type(atttypid, atttypmod) as kind from pg_attribute
             where attrelid = cast(:table as regclass) and attname = any(:names)
        """
        said = {"table": self._column.table, "names": list(self._column.key)}
        rows = await self._session.execute(text(statement), said)
        found = {row.attname: str(row.kind) for row in rows}
        return [found[name] for name in self._column.key]

    def _of(self, name: str) -> str:
        return f"{self._column.table}.{name}"

    def _rows(self) -> str:
        column = self._column
        where = column.where or f"{self._of(column.column)} is not null"
        return f"{column.source or column.table} where {self._of('tenant_id')} = :tenant_id and {where}"
