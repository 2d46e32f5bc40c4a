"""The tables of prompts as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table
from pilothouse.kit.sealing import SealedColumn

SEALED = SealedColumn("prompt_versions", "content")
"""Where the texts of prompts stand: their examples may hold what customers wrote."""


class VersionRow(Identified):
    """One version of a tenant's prompt, which never changes. `content` is its text with its tests, sealed.

    `sha256` is the digest of what a model sees of it, `source_digest` that of the text with its tests.
    """

    __tablename__ = "prompt_versions"

    tenant_id: Mapped[str]
    name: Mapped[str]
    number: Mapped[int]
    sha256: Mapped[str]
    source_digest: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str]
    made_by: Mapped[str]
    created_at: Mapped[dt.datetime]


class LabelRow(Table):
    """Where a label of a tenant's prompt points: a version's number, or `file`. Each move raises `edition`.

    Without a `version` it points nowhere any more: its edition is kept, so that no change is lost.
    """

    __tablename__ = "prompt_labels"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str | None]
    edition: Mapped[int]
    moved_by: Mapped[str]
    moved_at: Mapped[dt.datetime]


class MoveRow(Identified):
    """That a label was moved: who, when, from where to where, and why."""

    __tablename__ = "prompt_moves"

    tenant_id: Mapped[str]
    name: Mapped[str]
    label: Mapped[str]
    kind: Mapped[str]
    before: Mapped[str | None]
    after: Mapped[str | None]
    note: Mapped[str]
    made_by: Mapped[str]
    at: Mapped[dt.datetime]
