"""Queries on customers who chat, their links, sessions and conversations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.chats.tables import (
    ChatConversationRow,
    ChatCustomerRow,
    ChatLinkRow,
    ChatSessionRow,
    runs,
    tenants,
)
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.repository import Repository, Rows
from pilothouse.kit.scope import Scope

LISTED = 50
"""Conversations that are listed."""


class ChatRepository(Repository):
    """The chats of one tenant."""

    async def record(
        self, audit: AuditLog, scope: Scope, subject: str, did: str, **details: JsonValue
    ) -> None:
        """Record in the audit log that a link was made or used."""
        await audit.did(self._session, scope, Kind.SIGN_IN, subject, did, **details)

    async def is_active(self) -> bool:
        """Whether the tenant is there, and active."""
        statement = select(tenants.c.status).where(tenants.c.id == self._tenant_id)
        return await self._session.scalar(statement) == "active"

    async def customer(self, workflow: str, found: bytes) -> ChatCustomerRow | None:
        """The customer of a workflow whose e-mail address has this digest; for the caller alone."""
        statement = select(ChatCustomerRow).where(
            ChatCustomerRow.tenant_id == self._tenant_id,
            ChatCustomerRow.workflow == workflow,
            ChatCustomerRow.found == found,
        )
        return (await self._session.scalars(statement.with_for_update())).one_or_none()

    async def customer_of(self, customer_id: UUID) -> ChatCustomerRow | None:
        """A customer."""
        statement = select(ChatCustomerRow).where(
            ChatCustomerRow.tenant_id == self._tenant_id, ChatCustomerRow.id == customer_id
        )
        return (await self._session.scalars(statement)).one_or_none()

    async def keep(self, row: ChatCustomerRow) -> ChatCustomerRow:
        """Write a new customer, unless another request has made the same one meanwhile; the one there is."""
        values = {name: getattr(row, name) for name in ("id", "workflow", "found", "address", "made_at")} | {
            "tenant_id": self._tenant_id
        }
        await self._session.execute(insert(ChatCustomerRow).values(**values).on_conflict_do_nothing())
        found = await self.customer(row.workflow, row.found)
        return found or row

    async def save(self, row: ChatCustomerRow | ChatLinkRow | ChatSessionRow) -> None:
        """Write a new or changed row."""
        row.tenant_id = self._tenant_id
        self._session.add(row)
        await self._session.flush()

    async def links(self, query: PageQuery) -> tuple[Rows[ChatLinkRow], Mapping[UUID, ChatCustomerRow]]:
        """The wanted links, the newest first, and the customers whom they are for."""
        mine = select(ChatLinkRow).where(ChatLinkRow.tenant_id == self._tenant_id)
        rows = await self._page(mine, ChatLinkRow, query)
        statement = select(ChatCustomerRow).where(
            ChatCustomerRow.tenant_id == self._tenant_id,
            ChatCustomerRow.id.in_({row.customer_id for row in rows.items}),
        )
        found = await self._session.scalars(statement)
        return rows, {row.id: row for row in found}

    async def revoke(self, link_id: UUID, now: dt.datetime) -> UUID | None:
        """Remove a link and end the session that began with it; whose it was, None where there is none."""
        statement = (
            delete(ChatLinkRow)
            .where(ChatLinkRow.tenant_id == self._tenant_id, ChatLinkRow.id == link_id)
            .returning(ChatLinkRow.customer_id, ChatLinkRow.used_at)
        )
        row = (await self._session.execute(statement)).one_or_none()
        if row is None:
            return None
        if row.used_at is not None:  # the session that began with it was made at the same moment
            await self._session.execute(
                update(ChatSessionRow)
                .where(
                    ChatSessionRow.tenant_id == self._tenant_id,
                    ChatSessionRow.customer_id == row.customer_id,
                    ChatSessionRow.made_at == row.used_at,
                )
                .values(ended_at=now)
            )
        return UUID(str(row.customer_id))

    async def use_link(self, digest: bytes, now: dt.datetime) -> ChatLinkRow | None:
        """Use a link; None where it is none that is good."""
        statement = (
            update(ChatLinkRow)
            .where(
                ChatLinkRow.tenant_id == self._tenant_id,
                ChatLinkRow.digest == digest,
                ChatLinkRow.used_at.is_(None),
                ChatLinkRow.expires_at > now,
            )
            .values(used_at=now)
            .returning(ChatLinkRow)
        )
        return (await self._session.scalars(statement)).one_or_none()

    async def session(self, digest: bytes, now: dt.datetime) -> ChatSessionRow | None:
        """The session with this digest, if it is not over."""
        statement = select(ChatSessionRow).where(
            ChatSessionRow.tenant_id == self._tenant_id,
            ChatSessionRow.digest == digest,
            ChatSessionRow.ended_at.is_(None),
            ChatSessionRow.expires_at > now,
        )
        return (await self._session.scalars(statement)).one_or_none()

    async def end(self, digest: bytes, now: dt.datetime) -> None:
        """End the session with this digest."""
        await self._session.execute(
            update(ChatSessionRow)
            .where(ChatSessionRow.tenant_id == self._tenant_id, ChatSessionRow.digest == digest)
            .values(ended_at=now)
        )

    async def begun_since(self, customer_id: UUID, since: dt.datetime) -> tuple[int, dt.datetime | None]:
        """How many conversations of a customer began after a moment, and when the first of them did."""
        statement = select(func.count(), func.min(ChatConversationRow.made_at)).where(
            ChatConversationRow.tenant_id == self._tenant_id,
            ChatConversationRow.customer_id == customer_id,
            ChatConversationRow.made_at > since,
        )
        row = (await self._session.execute(statement)).one()
        return int(row[0]), row[1]

    async def note(self, run_id: UUID, customer_id: UUID, now: dt.datetime) -> None:
        """A run is a customer's conversation; the same again changes nothing."""
        values = {"id": run_id, "tenant_id": self._tenant_id, "customer_id": customer_id, "made_at": now}
        await self._session.execute(insert(ChatConversationRow).values(**values).on_conflict_do_nothing())

    async def owns(self, customer_id: UUID, run_id: UUID) -> bool:
        """Whether a run is a conversation of this customer."""
        mine = exists().where(
            ChatConversationRow.tenant_id == self._tenant_id,
            ChatConversationRow.id == run_id,
            ChatConversationRow.customer_id == customer_id,
        )
        return bool(await self._session.scalar(select(mine)))

    async def of_customer(self, customer_id: UUID) -> Sequence[tuple[ChatConversationRow, str]]:
        """The conversations of a customer with the states of their runs, the newest first."""
        statement = (
            select(ChatConversationRow, runs.c.status)
            .join(runs, runs.c.id == ChatConversationRow.id)
            .where(
                ChatConversationRow.tenant_id == self._tenant_id,
                ChatConversationRow.customer_id == customer_id,
            )
        )
        found = await self._session.execute(statement.order_by(ChatConversationRow.id.desc()).limit(LISTED))
        return [(row[0], str(row[1])) for row in found]

    async def tidy(self, before: dt.datetime) -> None:
        """Remove links and sessions that were over then, and customers of whom nothing else is left."""
        for rows in (ChatLinkRow, ChatSessionRow):
            await self._session.execute(
                delete(rows).where(rows.tenant_id == self._tenant_id, rows.expires_at < before)
            )
        left = (
            exists().where(rows.customer_id == ChatCustomerRow.id)
            for rows in (ChatLinkRow, ChatSessionRow, ChatConversationRow)
        )
        await self._session.execute(
            delete(ChatCustomerRow).where(
                ChatCustomerRow.tenant_id == self._tenant_id,
                ChatCustomerRow.made_at < before,
                *(~one for one in left),
            )
        )
