"""The tables of customers who chat, as queries see them; a migration makes them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import LargeBinary, Text, Uuid, column, table
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified
from pilothouse.kit.sealing import Place, SealedColumn

SEALED = SealedColumn("chat_customers", "address")
"""Where e-mail addresses and names stand, sealed."""


class ChatCustomerRow(Identified):
    """Somebody who talks with one workflow; `found` is a keyed digest of the e-mail address."""

    __tablename__ = "chat_customers"

    tenant_id: Mapped[str]
    workflow: Mapped[str]
    found: Mapped[bytes] = mapped_column(LargeBinary)
    address: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[dt.datetime]


class ChatLinkRow(Identified):
    """A link by which a customer comes in, once."""

    __tablename__ = "chat_links"

    tenant_id: Mapped[str]
    customer_id: Mapped[UUID]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    made_by: Mapped[str]
    made_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class ChatSessionRow(Identified):
    """A browser in which a customer has come in."""

    __tablename__ = "chat_sessions"

    tenant_id: Mapped[str]
    customer_id: Mapped[UUID]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class ChatConversationRow(Identified):
    """Whose conversation a run is; its id is the run's."""

    __tablename__ = "chat_conversations"

    tenant_id: Mapped[str]
    customer_id: Mapped[UUID]
    made_at: Mapped[dt.datetime]


runs = table("runs", column("id", Uuid), column("tenant_id", Text), column("status", Text))
"""The table of runs, as far as a conversation is one."""
tenants = table("tenants", column("id", Text), column("status", Text))
"""The table of tenants, as far as they are to be active."""


def place_of(tenant_id: str, customer_id: UUID) -> Place:
    """Where a customer's address stands."""
    return Place(tenant_id, SEALED.table, str(customer_id), SEALED.column)
