"""The table of secrets' marks as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Table


class MarkRow(Table):
    """That a version of a secret was there. Secrets are the installation's: the tenant is the home one."""

    __tablename__ = "secret_marks"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[bytes]
    noted_at: Mapped[dt.datetime]
