"""What crosses the API about tenants and engagements."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from pilothouse.kit.numbers import Whole
from pilothouse.kit.pagination import DEFAULT_LIMIT, MAX_LIMIT, PageQuery
from pilothouse.kit.text import Line, name, name_schema

LONGEST_NAME = 200
"""Characters of a tenant's name."""


TenantId = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{0,62}$",
        examples=["acme"],
        description="Small letters, digits and hyphens; it stays for ever.",
    ),
]
Named = Annotated[
    str,
    AfterValidator(partial(name, most=LONGEST_NAME)),
    name_schema(LONGEST_NAME),
    Field(examples=["Acme Ltd"]),
]
AttributeKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
AttributeValue = Line | bool | Annotated[int, Field(ge=-(2**53), le=2**53, strict=True), Whole]
Attributes = Annotated[
    dict[AttributeKey, AttributeValue],
    Field(max_length=50, json_schema_extra={"additionalProperties": False}),
]
EngagementName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.\-]{0,99}$", examples=["migration-2026"])
]


class TenantStatus(StrEnum):
    """Whether a tenant is served, kept as it is, or gone for ever."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class Tenant(BaseModel):
    """An isolated customer account.

    While it is `suspended` nobody is let in and no run is started; what it has stays. An `erased` one is a
    name that is never given again: what could be read is gone, what proves the past is kept.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    name: str
    status: TenantStatus
    attributes: dict[str, JsonValue]
    created_at: dt.datetime
    changed_at: dt.datetime


class NewTenant(BaseModel):
    """A tenant to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: TenantId
    name: Named
    attributes: Attributes = Field(default_factory=dict)


class TenantEdit(BaseModel):
    """What is to change of a tenant; what is left out stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Named | None = None
    attributes: Attributes | None = Field(default=None, description="In place of all that were there.")


class TenantQuery(BaseModel):
    """Which tenants are wanted, by id, and which page of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: TenantStatus | None = None
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Items on the page.")
    cursor: TenantId | None = Field(default=None, description="`next_cursor` of the page before.")


class Engagement(BaseModel):
    """A project inside a tenant. A closed one takes no new runs; those that it has go on."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    name: str
    closed_at: dt.datetime | None
    created_at: dt.datetime
    changed_at: dt.datetime


class NewEngagement(BaseModel):
    """An engagement to be made; its name is the tenant's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: EngagementName

    @model_validator(mode="after")
    def _is_no_id(self) -> Self:
        try:
            UUID(self.name)
        except ValueError:
            return self
        message = "a name that looks like an id would be taken for one"
        raise ValueError(message)


class EngagementQuery(PageQuery):
    """Which engagements are wanted."""

    name: EngagementName | None = None
    closed: bool | None = None


class JobKind(StrEnum):
    """What is done with a tenant as a whole."""

    EXPORT = "export"
    ERASE = "erase"


class JobStatus(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class Job(BaseModel):
    """An export or an erasure.

    `stage` says what it is at (a table, as a rule) and `done` how many rows and files it has dealt with.
    `report` tells, once it is completed, what was exported or removed and what stays. The file of an export
    can be fetched until `expires_at`.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    tenant_id: str
    kind: JobKind
    status: JobStatus
    stage: str
    done: int
    report: dict[str, JsonValue]
    failure: str | None
    asked_by: str
    created_at: dt.datetime
    changed_at: dt.datetime
    finished_at: dt.datetime | None
    expires_at: dt.datetime | None


class JobQuery(PageQuery):
    """Which jobs of a tenant are wanted."""

    kind: JobKind | None = None


class Erasure(BaseModel):
    """The order to erase a tenant; `confirm` is its id, typed again. It cannot be taken back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    confirm: str = Field(max_length=100)


class Part(BaseModel):
    """One part of an export's file: its place in the file is its place among the parts."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    sha256: str
    size: int
