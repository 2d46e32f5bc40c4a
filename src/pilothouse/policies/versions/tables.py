"""The tables of policy sets and decisions as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, LargeBinary, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table
from pilothouse.kit.sealing import SealedColumn
from pilothouse.runtime.entries import Codec

SEALED = SealedColumn("decisions", "request", where=f"decisions.codec = {Codec.ENCRYPTED}")
"""Where sealed requests stand."""


class VersionRow(Identified):
    """One version of a tenant's policies: its files never change."""

    __tablename__ = "policy_versions"

    tenant_id: Mapped[str]
    number: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[str]
    policies: Mapped[int]
    parent: Mapped[int | None]
    note: Mapped[str]
    made_by: Mapped[str]
    created_at: Mapped[dt.datetime]


class StateRow(Table):
    """Which version of a tenant is active, and which runs in its shadow. Each change raises `revision`."""

    __tablename__ = "policy_states"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    active: Mapped[int | None]
    shadow: Mapped[int | None]
    revision: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[dt.datetime]


class ChangeRow(Identified):
    """Who made which version active or its shadow, and when."""

    __tablename__ = "policy_changes"

    tenant_id: Mapped[str]
    kind: Mapped[str]
    before: Mapped[int | None]
    after: Mapped[int | None]
    note: Mapped[str]
    made_by: Mapped[str]
    at: Mapped[dt.datetime]


class DecisionRow(Identified):
    """What was decided of an action. `request` is the action with its facts, in `codec`."""

    __tablename__ = "decisions"

    tenant_id: Mapped[str]
    run_id: Mapped[UUID]
    engagement_id: Mapped[UUID | None]
    step: Mapped[str]
    tool: Mapped[str]
    at: Mapped[dt.datetime]
    verdict: Mapped[str]
    policies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version: Mapped[str | None]
    codec: Mapped[int] = mapped_column(SmallInteger)
    request: Mapped[bytes] = mapped_column(LargeBinary)
    shadow: Mapped[int | None]
    shadow_verdict: Mapped[str | None]
    shadow_policies: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    shadow_roles: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    differs: Mapped[bool]
