"""What repositories share: tables as classes, the tenant whose rows they see, and keyset pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from sqlalchemy import DateTime, Integer, Select, Text, Uuid, column, exc, select, table, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from pilothouse.errors import Conflict
from pilothouse.kit.pagination import PageQuery, cursor_of
from pilothouse.kit.scope import Scope


class Table(DeclarativeBase):
    """A table; the migrations make it, and a test compares both."""

    type_annotation_map: ClassVar[dict[type, TypeEngine[Any]]] = {
        str: Text(),
        dt.datetime: DateTime(timezone=True),
    }


class Identified(Table):
    """A table whose rows have ids that rise with time."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True)


R = TypeVar("R", bound=Identified)

_JOURNAL = table(
    "journal", column("run_id", Uuid), column("seq", Integer), column("kind", Text), column("key", Text)
)
_LINEAGE = "select run_id, high from lineage(:run_id)"


@dataclass(frozen=True)
class Rows(Generic[R]):
    """The rows of one page, and the cursor of the next one if there is one."""

    items: list[R]
    next_cursor: str | None


class Repository:
    """Queries of one domain in one session. Each of them is restricted to the scope's tenant."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        """See what `scope` may see through `session`."""
        self._session = session
        self._tenant_id = scope.tenant_id

    async def _keep(self, row: R, taken: Conflict) -> None:
        """Write a new or changed row of the tenant; raises `taken` where another has what is to be unique."""
        self._session.add(row)
        try:
            await self._session.flush()
        except exc.IntegrityError as error:
            raise taken from error

    async def _shared_steps(self, run_id: UUID, kinds: Collection[str]) -> list[tuple[UUID, Select[Any]]]:
        """The runs whose journals a fork shares, each with the keys of its shared entries of these kinds.

        Nothing for a run that is no fork.
        """
        rows = await self._session.execute(text(_LINEAGE), {"run_id": run_id})
        journal = _JOURNAL.c
        return [
            (
                row.run_id,
                select(journal.key).where(
                    journal.run_id == row.run_id, journal.seq <= row.high, journal.kind.in_(kinds)
                ),
            )
            for row in rows
        ]

    async def _page(self, statement: Select[R], of: type[R], query: PageQuery) -> Rows[R]:
        """The wanted page of `statement`'s rows, the newest first."""
        if query.cursor is not None:
            statement = statement.where(of.id < query.cursor)
        found = await self._session.scalars(statement.order_by(of.id.desc()).limit(query.limit + 1))
        rows = list(found)
        more = len(rows) > query.limit
        return Rows(rows[: query.limit], cursor_of(rows[query.limit - 1].id) if more else None)
