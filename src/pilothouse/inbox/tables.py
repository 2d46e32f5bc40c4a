"""The table of questions as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified


class QuestionRow(Identified):
    """What a run has asked a person."""

    __tablename__ = "questions"

    tenant_id: Mapped[str]
    run_id: Mapped[UUID]
    key: Mapped[str]
    status: Mapped[str]
    codec: Mapped[int] = mapped_column(SmallInteger)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[str | None]
    role: Mapped[str | None]
    assignee: Mapped[str | None]


class ActionLinkRow(Identified):
    """A link by which its addressee decides the action of one question, once."""

    __tablename__ = "action_links"

    tenant_id: Mapped[str]
    question_id: Mapped[UUID]
    digest: Mapped[str]
    addressee: Mapped[str]
    role: Mapped[str | None]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime | None]
    used_at: Mapped[dt.datetime | None]
    verdict: Mapped[str | None]
