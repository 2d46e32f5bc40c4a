"""The tables of people as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text, column, table
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table
from pilothouse.kit.sealing import SealedColumn

TABLE = "people"
SEALED = ("email", "name", "totp")
"""The columns that are sealed, each for its row."""

COLUMNS = tuple(SealedColumn(TABLE, name) for name in SEALED)
"""The columns whose values are sealed anew when a tenant's key was turned over."""


class PersonRow(Identified):
    """A person of a tenant. Address, name and the authenticator's secret are sealed.

    `email_index` finds an address within the tenant, `sign_in_index` in all of them.
    """

    __tablename__ = "people"

    tenant_id: Mapped[str]
    email: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    sign_in_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    name: Mapped[bytes] = mapped_column(LargeBinary)
    locale: Mapped[str | None]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    password: Mapped[str | None]
    sessions_valid_from: Mapped[dt.datetime]
    totp: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_confirmed_at: Mapped[dt.datetime | None]
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    issuer: Mapped[str | None]
    identity_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    disabled_at: Mapped[dt.datetime | None]
    joined_at: Mapped[dt.datetime | None]
    last_signed_in_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


class LinkRow(Table):
    """A link that was made for a person and has not been used."""

    __tablename__ = "person_links"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tenant_id: Mapped[str]
    person_id: Mapped[UUID]
    purpose: Mapped[str]
    expires_at: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]


class RecoveryCodeRow(Table):
    """A code that stands in for the authenticator once."""

    __tablename__ = "person_recovery_codes"

    tenant_id: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


tenants = table("tenants", column("id", Text), column("name", Text), column("status", Text))
"""The table of tenants, as far as people need it: is one worked in, and how is it called."""
