"""The tables of the audit log as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table


class InboxRow(Identified):
    """An entry without a place yet."""

    __tablename__ = "audit_inbox"

    tenant_id: Mapped[str]
    at: Mapped[dt.datetime]
    kind: Mapped[str]
    actor: Mapped[str]
    subject: Mapped[str]
    run_id: Mapped[UUID | None]
    step: Mapped[str | None]
    append: Mapped[str | None]
    leaf: Mapped[bytes]


class EntryRow(Table):
    """An entry at its place, written once."""

    __tablename__ = "audit_entries"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[UUID]
    at: Mapped[dt.datetime]
    kind: Mapped[str]
    actor: Mapped[str]
    subject: Mapped[str]
    run_id: Mapped[UUID | None]
    step: Mapped[str | None]
    append: Mapped[str | None]
    leaf: Mapped[bytes]


class TileRow(Table):
    """Hashes of perfect subtrees; see `tree`."""

    __tablename__ = "audit_tiles"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hashes: Mapped[bytes]


class TreeRow(Table):
    """How far a tenant's tree has come; entries before `first` have left the table."""

    __tablename__ = "audit_trees"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    edge: Mapped[bytes]
    signed_size: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[str | None]
    public_key: Mapped[bytes | None]
    first: Mapped[int] = mapped_column(BigInteger)


class HeadRow(Identified):
    """A signed tree head, written once."""

    __tablename__ = "audit_heads"

    tenant_id: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes]
    at: Mapped[dt.datetime]
    key_id: Mapped[str]
    public_key: Mapped[bytes]
    signature: Mapped[bytes]


class PublicationRow(Table):
    """The size of the newest head that was published at a place."""

    __tablename__ = "audit_publications"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[dt.datetime]


class ExportRow(Identified):
    """That the log was exported up to a size."""

    __tablename__ = "audit_exports"

    tenant_id: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    principal: Mapped[str]
    at: Mapped[dt.datetime]


class KeepingRow(Table):
    """How long a tenant keeps its entries."""

    __tablename__ = "audit_retention"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int | None]
    changed_by: Mapped[str]
    changed_at: Mapped[dt.datetime]


class HoldRow(Identified):
    """A legal hold."""

    __tablename__ = "audit_holds"

    tenant_id: Mapped[str]
    reason: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[dt.datetime]
    released_by: Mapped[str | None]
    released_at: Mapped[dt.datetime | None]
