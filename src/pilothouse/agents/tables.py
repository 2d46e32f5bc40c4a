"""The table of kept answers as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Table
from pilothouse.kit.sealing import Place, SealedColumn


class AnswerRow(Table):
    """An answer that a model gave, sealed; `digest` is a keyed digest of what it was asked."""

    __tablename__ = "model_answers"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    agent: Mapped[str]
    run_id: Mapped[UUID]
    answer: Mapped[bytes]
    made_at: Mapped[dt.datetime]


SEALED = SealedColumn(
    "model_answers",
    "answer",
    key=("tenant_id", "digest", "model"),
    row="encode(model_answers.digest, 'hex') || ' ' || model_answers.model",
)
"""Where answers stand. They are bound to what was asked, and of which model."""


def place_of(tenant_id: str, digest: bytes, model: str) -> Place:
    """Where an answer stands."""
    return Place(tenant_id, SEALED.table, f"{digest.hex()} {model}", SEALED.column)
