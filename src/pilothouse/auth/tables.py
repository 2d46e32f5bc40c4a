"""The tables of sessions, tokens and sign-in links as queries see them; a migration makes them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import LargeBinary, Text, column, table
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table


class SessionRow(Identified):
    """Somebody who has signed in, with a browser or (a family of refresh tokens) with a program."""

    __tablename__ = "sessions"

    tenant_id: Mapped[str]
    person_id: Mapped[UUID]
    kind: Mapped[str]
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    by: Mapped[str]
    agent: Mapped[str]
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class RefreshRow(Table):
    """A refresh token: good once."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tenant_id: Mapped[str]
    session_id: Mapped[UUID]
    created_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class SignInLinkRow(Table):
    """A link that signs in the first admin: good once."""

    __tablename__ = "sign_in_links"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


tenants = table("tenants", column("id", Text), column("status", Text))
"""The table of tenants, as far as an identity provider may name one."""
