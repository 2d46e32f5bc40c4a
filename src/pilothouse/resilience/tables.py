"""The tables of breakers as queries see them; the migrations make them. Both belong to the installation."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Table


class OverrideRow(Table):
    """What is set by hand for a breaker, and when it was told to forget all last."""

    __tablename__ = "breaker_overrides"

    name: Mapped[str] = mapped_column(primary_key=True)
    mode: Mapped[str]
    reason: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[dt.datetime]
    until: Mapped[dt.datetime | None]
    reset_at: Mapped[dt.datetime | None]


class ReportRow(Table):
    """What a process has told last of one of its breakers."""

    __tablename__ = "breaker_reports"

    process: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    since: Mapped[dt.datetime]
    reason: Mapped[str]
    calls: Mapped[int]
    failed: Mapped[int]
    slow: Mapped[int]
    in_a_row: Mapped[int]
    succeeded: Mapped[int]
    errors: Mapped[int]
    not_permitted: Mapped[int]
    retries: Mapped[int]
    reported_at: Mapped[dt.datetime]
