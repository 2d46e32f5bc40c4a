"""Queries on one tenant's audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Select, cast, func, null, select, text, tuple_, union_all

from pilothouse.audit.schemas import EntryQuery
from pilothouse.audit.tables import EntryRow, HeadRow, InboxRow, TileRow, TreeRow
from pilothouse.kit.ids import lowest_at
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.repository import Repository, Rows

_EXPORTED = """
insert into audit_exports (id, tenant_id, size, principal, at)
values (:id, :tenant_id, :size, :principal, :at)
"""


class Placed(NamedTuple):
    """An entry, with its place if it has one."""

    id: UUID
    position: int | None
    at: dt.datetime
    kind: str
    actor: str
    subject: str
    run_id: UUID | None
    step: str | None
    append: str | None
    leaf: bytes


class AuditRepository(Repository):
    """The log of one tenant; it is only read, but for the note that it was exported."""

    async def entries(self, query: EntryQuery) -> Sequence[Placed]:
        """At most one more than the wanted entries, the newest first, with a place or without."""
        parts = [
            self._fitting(_columns_of(of), of, query).order_by(of.id.desc()).limit(query.limit + 1).subquery()
            for of in (EntryRow, InboxRow)
        ]
        both = union_all(*(select(part) for part in parts)).subquery()
        rows = await self._session.execute(select(both).order_by(both.c.id.desc()).limit(query.limit + 1))
        return [Placed(*row) for row in rows]

    def _fitting(
        self, statement: Select[Any], of: type[EntryRow | InboxRow], query: EntryQuery
    ) -> Select[Any]:
        statement = statement.where(of.tenant_id == self._tenant_id)
        if query.cursor is not None:
            statement = statement.where(of.id < query.cursor)
        if query.kind is not None:
            statement = statement.where(of.kind == query.kind.value)
        if query.actor is not None:
            statement = statement.where(of.actor == query.actor)
        if query.run_id is not None:
            statement = statement.where(of.run_id == query.run_id)
        if query.since is not None:  # ids are made with the time, so that they bound what is looked at
            statement = statement.where(of.at >= query.since, of.id >= lowest_at(query.since - _SLACK))
        if query.until is not None:
            statement = statement.where(of.at < query.until, of.id < lowest_at(query.until + _SLACK))
        if query.text is not None:
            words = func.lower(func.convert_from(of.leaf, "UTF8"))
            statement = statement.where(func.strpos(words, func.lower(query.text)) > 0)
        return statement

    async def entry(self, entry_id: UUID) -> Placed | None:
        """An entry, or None where there is none or it has left the table."""
        for of in (EntryRow, InboxRow, EntryRow):  # it may get its place between two looks
            statement = _columns_of(of).where(of.id == entry_id, of.tenant_id == self._tenant_id)
            found = (await self._session.execute(statement)).one_or_none()
            if found is not None:
                return Placed(*found)
        return None

    async def tree(self) -> TreeRow | None:
        """How far the tree has come; None where nothing was recorded yet."""
        statement = select(TreeRow).where(TreeRow.tenant_id == self._tenant_id)
        return (
            await self._session.scalars(statement.execution_options(populate_existing=True))
        ).one_or_none()

    async def leaf_hashes(self, first: int, count: int) -> Sequence[bytes]:
        """The tiles with the hashes of leaves from the tile `first` on, at most `count` tiles."""
        statement = (
            select(TileRow.hashes)
            .where(TileRow.tenant_id == self._tenant_id, TileRow.level == 0)
            .where(TileRow.index >= first, TileRow.index < first + count)
            .order_by(TileRow.index)
        )
        return (await self._session.scalars(statement)).all()

    async def leaves(self, begin: int, end: int) -> Sequence[Placed]:
        """The entries from the place `begin` to before `end` that have not left the table."""
        statement = (
            _columns_of(EntryRow)
            .where(EntryRow.tenant_id == self._tenant_id)
            .where(EntryRow.position >= begin, EntryRow.position < end)
            .order_by(EntryRow.position)
        )
        return [Placed(*row) for row in await self._session.execute(statement)]

    async def heads(self, query: PageQuery) -> Rows[HeadRow]:
        """Signed heads, the newest first."""
        return await self._page(select(HeadRow).where(HeadRow.tenant_id == self._tenant_id), HeadRow, query)

    async def head(self, size: int | None = None) -> HeadRow | None:
        """The newest head, or the newest one of this size."""
        statement = select(HeadRow).where(HeadRow.tenant_id == self._tenant_id)
        if size is not None:
            statement = statement.where(HeadRow.size == size)
        return (await self._session.scalars(statement.order_by(HeadRow.id.desc()).limit(1))).one_or_none()

    async def heads_to(self, size: int, most: int) -> Sequence[HeadRow]:
        """The newest `most` heads up to a size, and the last one of each key, by their sizes."""
        own = select(HeadRow).where(HeadRow.tenant_id == self._tenant_id, HeadRow.size <= size)
        last = own.with_only_columns(func.max(HeadRow.size), HeadRow.key_id).group_by(HeadRow.key_id)
        of_keys = own.where(tuple_(HeadRow.size, HeadRow.key_id).in_(last))
        found = [
            *(await self._session.scalars(own.order_by(HeadRow.id.desc()).limit(most))),
            *(await self._session.scalars(of_keys)),
        ]
        return sorted({row.id: row for row in found}.values(), key=lambda row: (row.size, row.id))

    async def exported(self, id_: UUID, size: int, principal: str, at: dt.datetime) -> None:
        """Note that the log was exported up to a size."""
        said = {"id": id_, "size": size, "principal": principal, "at": at}
        await self._session.execute(text(_EXPORTED), said | {"tenant_id": self._tenant_id})


_SLACK = dt.timedelta(minutes=10)
"""By which an entry's time and the time in its id may differ."""


def _columns_of(of: type[EntryRow | InboxRow]) -> Select[Any]:
    """The columns of a `Placed`."""
    position: Any = EntryRow.position if of is EntryRow else cast(null(), BigInteger).label("position")
    shared = (of.at, of.kind, of.actor, of.subject, of.run_id, of.step, of.append, of.leaf)
    return select(of.id, position, *shared)
