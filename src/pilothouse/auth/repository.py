"""Queries on sessions, refresh tokens and sign-in links, of all tenants: they say whose scope there is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.auth.tables import RefreshRow, SessionRow, SignInLinkRow, tenants

TIDIED = 50
"""Rows that are removed at once, where others are made."""


class AuthRepository:
    """Works in the session of one transaction without a scope."""

    def __init__(self, session: AsyncSession) -> None:
        """Work in `session`."""
        self._session = session

    async def add(self, row: SessionRow | RefreshRow | SignInLinkRow) -> None:
        """Keep a row that was made."""
        self._session.add(row)
        await self._session.flush()

    async def by_digest(self, digest: bytes) -> SessionRow | None:
        """The browser's session with this digest."""
        return (
            await self._session.scalars(select(SessionRow).where(SessionRow.digest == digest))
        ).one_or_none()

    async def by_id(self, session_id: UUID, *, locked: bool = False) -> SessionRow | None:
        """A session; `locked` until the transaction ends."""
        statement = select(SessionRow).where(SessionRow.id == session_id)
        return (
            await self._session.scalars(statement.with_for_update() if locked else statement)
        ).one_or_none()

    async def of_person(self, tenant_id: str, person_id: UUID, now: dt.datetime) -> Sequence[SessionRow]:
        """The sessions of a person that are not over, the newest first."""
        statement = select(SessionRow).where(
            SessionRow.tenant_id == tenant_id,
            SessionRow.person_id == person_id,
            SessionRow.ended_at.is_(None),
            SessionRow.expires_at > now,
        )
        return (await self._session.scalars(statement.order_by(SessionRow.id.desc()).limit(200))).all()

    async def seen(self, session_id: UUID, now: dt.datetime) -> None:
        """A session was used."""
        await self._session.execute(
            update(SessionRow)
            .where(SessionRow.id == session_id, SessionRow.seen_at < now)
            .values(seen_at=now)
        )

    async def end(
        self, tenant_id: str, person_id: UUID, now: dt.datetime, session_id: UUID | None = None
    ) -> Sequence[UUID]:
        """End one session of a person, or all of them; returns those that were not ended before."""
        statement = update(SessionRow).where(
            SessionRow.tenant_id == tenant_id,
            SessionRow.person_id == person_id,
            SessionRow.ended_at.is_(None),
        )
        if session_id is not None:
            statement = statement.where(SessionRow.id == session_id)
        found = await self._session.scalars(statement.values(ended_at=now).returning(SessionRow.id))
        return found.all()

    async def replace(self, digest: bytes, now: dt.datetime) -> Sequence[UUID]:
        """End the session with this digest, whosever it is; returns it if it was not ended before."""
        statement = update(SessionRow).where(SessionRow.digest == digest, SessionRow.ended_at.is_(None))
        found = await self._session.scalars(statement.values(ended_at=now).returning(SessionRow.id))
        return found.all()

    async def refresh_token(self, digest: bytes) -> RefreshRow | None:
        """A refresh token; whoever comes second with it waits until the first has used it."""
        statement = select(RefreshRow).where(RefreshRow.digest == digest).with_for_update()
        return (await self._session.scalars(statement)).one_or_none()

    async def use_link(self, digest: bytes, now: dt.datetime) -> bool:
        """Use a sign-in link; whether it was good."""
        statement = (
            update(SignInLinkRow)
            .where(
                SignInLinkRow.digest == digest,
                SignInLinkRow.used_at.is_(None),
                SignInLinkRow.expires_at > now,
            )
            .values(used_at=now)
            .returning(SignInLinkRow.digest)
        )
        return (await self._session.scalars(statement)).one_or_none() is not None

    async def anybody_came(self) -> bool:
        """Whether anybody has ever signed in."""
        used = exists().where(SignInLinkRow.used_at.is_not(None))
        statement = select(or_(used, exists().select_from(SessionRow)))
        return bool(await self._session.scalar(statement))

    async def is_active(self, tenant_id: str) -> bool:
        """Whether there is such a tenant, and it is active."""
        statement = select(tenants.c.status).where(tenants.c.id == tenant_id)
        return await self._session.scalar(statement) == "active"

    async def tidy(self, now: dt.datetime) -> None:
        """Remove some sessions and links that are over for a day; whoever makes one sees to that."""
        before = now - dt.timedelta(days=1)
        old = (
            select(SessionRow.id)
            .where(SessionRow.expires_at < before)
            .order_by(SessionRow.expires_at)
            .limit(TIDIED)
            .with_for_update(skip_locked=True)
        )
        await self._session.execute(delete(SessionRow).where(SessionRow.id.in_(old)))
        await self._session.execute(
            delete(SignInLinkRow).where(SignInLinkRow.expires_at < before, SignInLinkRow.used_at.is_(None))
        )
