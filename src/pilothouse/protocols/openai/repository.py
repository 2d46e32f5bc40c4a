"""Queries on the answers that are kept of a tenant's models, and on where the questions to them lie."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, text

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.kit.repository import Repository
from pilothouse.kit.scope import Scope
from pilothouse.protocols.openai.tables import AnswerRow, NeighbourRow

_KEEP = """
insert into gateway_answers (id, tenant_id, key, model, answer, made_at, expires_at)
values (:id, :tenant_id, :key, :model, :answer, :made_at, :expires_at)
on conflict (tenant_id, key) do update
   set answer = excluded.answer, model = excluded.model, made_at = excluded.made_at,
       expires_at = excluded.expires_at
"""
_HAS_VECTORS = "select exists (select from pg_extension where extname = 'vector')"
_NEAREST = """
select key, 1 - (embedding::vector <=> cast(:wanted as real[])::vector) as nearness
  from gateway_neighbours
 where tenant_id = :tenant_id and part = :part and made_at >= :since and expires_at > :now
   and array_length(embedding, 1) = :length
 order by nearness desc limit 1
"""
_KEEP_NEIGHBOUR = """
insert into gateway_neighbours (id, tenant_id, part, key, embedding, made_at, expires_at)
values (:id, :tenant_id, :part, :key, cast(:embedding as real[]), :made_at, :expires_at)
on conflict (tenant_id, key) do update
   set part = excluded.part, embedding = excluded.embedding, made_at = excluded.made_at,
       expires_at = excluded.expires_at
"""


class Holding(NamedTuple):
    """What is kept: how many answers, their bytes as they are stored, and when the oldest was made."""

    answers: int
    bytes: int
    oldest: dt.datetime | None


class AnswerRepository(Repository):
    """The kept answers of a tenant."""

    async def get(self, key: bytes, made_since: dt.datetime, now: dt.datetime) -> bytes | None:
        """An answer that still counts, and was made since then."""
        wanted = select(AnswerRow.answer).where(
            AnswerRow.tenant_id == self._tenant_id,
            AnswerRow.key == key,
            AnswerRow.made_at >= made_since,
            AnswerRow.expires_at > now,
        )
        found = (await self._session.scalars(wanted)).one_or_none()
        return None if found is None else bytes(found)

    async def keep(
        self,
        id_: UUID,
        key: bytes,
        model: str,
        answer: bytes,
        made_at: dt.datetime,
        expires_at: dt.datetime,
    ) -> None:
        """Keep an answer in place of an earlier one, and let go what has expired."""
        expired = delete(AnswerRow).where(
            AnswerRow.tenant_id == self._tenant_id, AnswerRow.expires_at <= made_at, AnswerRow.key != key
        )
        await self._session.execute(expired)
        given = {"id": id_, "key": key, "model": model, "answer": answer}
        times = {"made_at": made_at, "expires_at": expires_at}
        await self._session.execute(text(_KEEP), {"tenant_id": self._tenant_id, **given, **times})

    async def holding(self, now: dt.datetime) -> Holding:
        """What is kept."""
        wanted = select(
            func.count(),
            func.coalesce(func.sum(func.length(AnswerRow.answer)), 0),
            func.min(AnswerRow.made_at),
        ).where(AnswerRow.tenant_id == self._tenant_id, AnswerRow.expires_at > now)
        answers, size, oldest = (await self._session.execute(wanted)).one()
        return Holding(answers, int(size), oldest)

    async def clear(self) -> int:
        """Let go of everything; how many answers there were."""
        await self._session.execute(delete(NeighbourRow).where(NeighbourRow.tenant_id == self._tenant_id))
        gone = delete(AnswerRow).where(AnswerRow.tenant_id == self._tenant_id).returning(AnswerRow.id)
        return len((await self._session.scalars(gone)).all())

    async def record(self, audit: AuditLog, scope: Scope, answers: int) -> None:
        """Record in the audit log that all was let go."""
        await audit.did(self._session, scope, Kind.MODEL, "cache", "cleared", answers=answers)


class Near(NamedTuple):
    """The key of a kept answer, and how near its question is: the cosine of the angle between the two."""

    key: bytes
    nearness: float


class NeighbourRepository(Repository):
    """Where the questions of a tenant lie."""

    async def has_vectors(self) -> bool:
        """Whether the database compares by itself."""
        return bool(await self._session.scalar(text(_HAS_VECTORS)))

    async def nearest(
        self, part: bytes, wanted: Sequence[float], since: dt.datetime, now: dt.datetime
    ) -> Near | None:
        """The nearest of all, by pgvector."""
        given = {"tenant_id": self._tenant_id, "part": part, "wanted": list(wanted), "length": len(wanted)}
        found = (await self._session.execute(text(_NEAREST), {**given, "since": since, "now": now})).first()
        return None if found is None else Near(bytes(found[0]), float(found[1]))

    async def nearest_of_recent(
        self, part: bytes, wanted: Sequence[float], since: dt.datetime, now: dt.datetime, most: int
    ) -> Near | None:
        """The nearest of the `most` that were made last, compared here."""
        import numpy as np  # only where nothing else compares

        recent = (
            select(NeighbourRow.key, NeighbourRow.embedding)
            .where(
                NeighbourRow.tenant_id == self._tenant_id,
                NeighbourRow.part == part,
                NeighbourRow.made_at >= since,
                NeighbourRow.expires_at > now,
            )
            .order_by(NeighbourRow.made_at.desc())
            .limit(most)
        )
        rows = [row for row in await self._session.execute(recent) if len(row[1]) == len(wanted)]
        if not rows:
            return None
        lying, here = np.array([row[1] for row in rows], np.float32), np.array(wanted, np.float32)
        lengths = np.linalg.norm(lying, axis=1) * np.linalg.norm(here)
        nearness = lying @ here / np.maximum(lengths, 1e-12)
        best = int(nearness.argmax())
        return Near(bytes(rows[best][0]), float(nearness[best]))

    async def keep(
        self,
        id_: UUID,
        part: bytes,
        key: bytes,
        embedding: Sequence[float],
        made_at: dt.datetime,
        expires_at: dt.datetime,
    ) -> None:
        """Remember where the question of a kept answer lies, and let go what has expired."""
        expired = delete(NeighbourRow).where(
            NeighbourRow.tenant_id == self._tenant_id, NeighbourRow.expires_at <= made_at
        )
        await self._session.execute(expired)
        given = {"id": id_, "tenant_id": self._tenant_id, "part": part, "key": key}
        times = {"made_at": made_at, "expires_at": expires_at}
        await self._session.execute(text(_KEEP_NEIGHBOUR), {**given, "embedding": list(embedding), **times})
