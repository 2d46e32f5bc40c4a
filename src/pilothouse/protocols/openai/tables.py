"""The tables of kept answers as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ARRAY, REAL
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified
from pilothouse.kit.sealing import Place, SealedColumn


class AnswerRow(Identified):
    """An answer of a model, sealed; `key` is a keyed digest of what was asked."""

    __tablename__ = "gateway_answers"

    tenant_id: Mapped[str]
    key: Mapped[bytes]
    model: Mapped[str]
    answer: Mapped[bytes]
    made_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]


class NeighbourRow(Identified):
    """Where the question of a kept answer lies; `part` is a keyed digest of the rest of the request."""

    __tablename__ = "gateway_neighbours"

    tenant_id: Mapped[str]
    part: Mapped[bytes]
    key: Mapped[bytes]
    embedding: Mapped[list[float]] = mapped_column(ARRAY(REAL))
    made_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]


SEALED = SealedColumn("gateway_answers", "answer", row="encode(gateway_answers.key, 'hex')")
"""Where answers stand. They are bound to what was asked."""


def place_of(tenant_id: str, key: bytes) -> Place:
    """Where an answer stands."""
    return Place(tenant_id, SEALED.table, key.hex(), SEALED.column)
