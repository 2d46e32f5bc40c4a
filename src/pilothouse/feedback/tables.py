"""The table of feedback as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified
from pilothouse.kit.sealing import Place, SealedColumn

SEALED = SealedColumn("feedback", "comment", where="feedback.comment is not null")
"""Where comments stand, sealed."""


class FeedbackRow(Identified):
    """What a principal says of a run, a step or a message; the latest only."""

    __tablename__ = "feedback"

    tenant_id: Mapped[str]
    run_id: Mapped[UUID | None]
    step: Mapped[str]
    message: Mapped[str]
    principal: Mapped[str]
    rating: Mapped[int]
    comment: Mapped[bytes | None] = mapped_column(LargeBinary)
    prompt: Mapped[str | None]
    version: Mapped[str | None]
    experiment_id: Mapped[UUID | None]
    arm: Mapped[str | None]
    epoch: Mapped[int | None]
    made_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


def place_of(tenant_id: str, feedback_id: UUID) -> Place:
    """Where a comment stands."""
    return Place(tenant_id, SEALED.table, str(feedback_id), SEALED.column)
