"""The table of attestations as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from pilothouse.kit.repository import Identified


class AttestationRow(Identified):
    """A statement; it is withdrawn, never changed and never deleted."""

    __tablename__ = "attestations"

    tenant_id: Mapped[str]
    topic: Mapped[str]
    evidence: Mapped[str]
    stated_by: Mapped[str]
    stated_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[dt.datetime | None]
    withdrawn_by: Mapped[str | None]
