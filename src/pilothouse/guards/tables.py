"""The table of originals as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Table
from pilothouse.kit.sealing import Place, SealedColumn


class OriginalRow(Table):
    """What a placeholder of a run stands for, sealed; `digest` is a keyed one, to tell two texts apart."""

    __tablename__ = "guard_originals"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    placeholder: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    digest: Mapped[bytes]
    original: Mapped[bytes]
    made_at: Mapped[dt.datetime]


SEALED = SealedColumn(
    "guard_originals",
    "original",
    key=("run_id", "placeholder"),
    row="guard_originals.placeholder",
)
"""Where originals stand. They are bound to the placeholder, so that a fork takes them over as they are."""


def place_of(tenant_id: str, placeholder: str) -> Place:
    """Where the original of a placeholder stands."""
    return Place(tenant_id, SEALED.table, placeholder, SEALED.column)
