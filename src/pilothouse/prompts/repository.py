"""Queries on the prompts of a tenant: versions, labels, and how labels were moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import Select, func, select, text
from sqlalchemy.dialects.postgresql import insert

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.repository import Repository, Rows
from pilothouse.kit.scope import Scope
from pilothouse.prompts.tables import LabelRow, MoveRow, VersionRow

_LOCK = "select pg_advisory_xact_lock(hashtextextended('prompts ' || :tenant_id || ' ' || :name, 0))"
_TELL = "select pg_notify('pilothouse_prompts', :tenant_id)"

MOST_MOVES = 1_000
"""Moves of one label that a rollback looks back at."""


@dataclass(frozen=True)
class Held:
    """A tenant's prompt in the list: its name, its highest number and when that was made."""

    name: str
    latest: int
    changed_at: dt.datetime


class PromptRepository(Repository):
    """The prompts of one tenant."""

    async def record(
        self, audit: AuditLog, scope: Scope, subject: str, did: str, **details: JsonValue
    ) -> None:
        """Record in the audit log what was done."""
        await audit.did(self._session, scope, Kind.PROMPT, subject, did, **details)

    async def alone(self, name: str) -> None:
        """Let nobody else number versions of a prompt or move its labels until the transaction ends."""
        await self._session.execute(text(_LOCK), {"tenant_id": self._tenant_id, "name": name})

    async def held(self) -> Sequence[Held]:
        """All prompts of which the tenant has versions, by name."""
        statement = (
            select(VersionRow.name, func.max(VersionRow.number), func.max(VersionRow.created_at))
            .where(VersionRow.tenant_id == self._tenant_id)
            .group_by(VersionRow.name)
            .order_by(VersionRow.name)
        )
        return [Held(*row) for row in (await self._session.execute(statement)).all()]

    async def last(self, name: str) -> int:
        """The highest number of a version; 0 where there is none."""
        statement = select(func.max(VersionRow.number)).where(
            VersionRow.tenant_id == self._tenant_id, VersionRow.name == name
        )
        return await self._session.scalar(statement) or 0

    async def names(self) -> int:
        """Of how many prompts the tenant has versions."""
        statement = select(func.count(VersionRow.name.distinct())).where(
            VersionRow.tenant_id == self._tenant_id
        )
        return await self._session.scalar(statement) or 0

    async def get(self, name: str, number: int) -> VersionRow | None:
        """A version; None where there is no such."""
        return await self._one(self._of(name).where(VersionRow.number == number))

    async def by_digest(self, name: str, sha256: str) -> VersionRow | None:
        """The newest version of which a model sees what this digest is of."""
        found = self._of(name).where(VersionRow.sha256 == sha256)
        return await self._one(found.order_by(VersionRow.number.desc()).limit(1))

    async def by_source(self, name: str, source_digest: str) -> VersionRow | None:
        """The version with this text and these tests."""
        return await self._one(self._of(name).where(VersionRow.source_digest == source_digest))

    async def page(self, name: str, query: PageQuery) -> Rows[VersionRow]:
        """The wanted versions of a prompt, the newest first."""
        return await self._page(self._of(name), VersionRow, query)

    async def add(self, row: VersionRow | MoveRow) -> None:
        """Write a version, or that a label was moved."""
        row.tenant_id = self._tenant_id
        self._session.add(row)
        await self._session.flush()

    async def labels(self, name: str | None = None) -> Sequence[LabelRow]:
        """Where the labels of a prompt, or of all of them, point; also those that point nowhere any more."""
        statement = select(LabelRow).where(LabelRow.tenant_id == self._tenant_id)
        if name is not None:
            statement = statement.where(LabelRow.name == name)
        ordered = statement.order_by(LabelRow.name, LabelRow.label)
        return (await self._session.scalars(ordered.execution_options(populate_existing=True))).all()

    async def pointers(self) -> Mapping[tuple[str, str], str]:
        """Where all labels of the tenant point, by prompt and label."""
        return {(row.name, row.label): row.version for row in await self.labels() if row.version is not None}

    async def put(self, name: str, label: str, version: str | None, by: str, at: dt.datetime) -> None:
        """Move a label; every process hears of it once this is committed."""
        values = {"version": version, "moved_by": by, "moved_at": at}
        statement = insert(LabelRow).values(
            tenant_id=self._tenant_id, name=name, label=label, edition=1, **values
        )
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "name", "label"],
                set_={**values, "edition": LabelRow.edition + 1},
            )
        )
        await self._session.execute(text(_TELL), {"tenant_id": self._tenant_id})

    async def moves(self, name: str, query: PageQuery) -> Rows[MoveRow]:
        """How the labels of a prompt were moved, the newest move first."""
        statement = select(MoveRow).where(MoveRow.tenant_id == self._tenant_id, MoveRow.name == name)
        return await self._page(statement, MoveRow, query)

    async def past(self, name: str, label: str) -> Sequence[MoveRow]:
        """How one label was moved, the newest move first; at most `MOST_MOVES`."""
        statement = select(MoveRow).where(
            MoveRow.tenant_id == self._tenant_id, MoveRow.name == name, MoveRow.label == label
        )
        return (await self._session.scalars(statement.order_by(MoveRow.id.desc()).limit(MOST_MOVES))).all()

    def _of(self, name: str) -> Select[VersionRow]:
        return select(VersionRow).where(VersionRow.tenant_id == self._tenant_id, VersionRow.name == name)

    async def _one(self, statement: Select[VersionRow]) -> VersionRow | None:
        return (await self._session.scalars(statement)).one_or_none()
