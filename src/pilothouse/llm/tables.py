"""The table of aliases as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Table


class AliasRow(Table):
    """The models that a tenant has put behind an alias."""

    __tablename__ = "model_aliases"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    models: Mapped[list[str]] = mapped_column(ARRAY(Text))
    changed_by: Mapped[str]
    changed_at: Mapped[dt.datetime]
