"""What crosses the API about keys."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.kit.moments import Moment
from pilothouse.kit.numbers import Whole
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.text import Name
from pilothouse.policies.schemas import Permission, Role

ROTATE_AFTER = dt.timedelta(days=90)
"""The age of a secret at which it is said that it should be rotated."""
LONGEST_OVERLAP = 30 * 86_400

Roles = Annotated[list[Role], Field(min_length=1, max_length=50, description="What the key may do.")]
Permissions = Annotated[
    list[Permission],
    Field(min_length=1, max_length=50, description="Of what its roles allow, only this; without: all of it."),
]
Models = Annotated[
    list[Annotated[str, Field(pattern=r"^[!-)+-~]{1,300}\*?$|^\*$", examples=["fast", "openai:*"])]],
    Field(
        min_length=1,
        max_length=200,
        description="Models that the key may use; a trailing * stands for any end. Without: all.",
    ),
]
Rate = Annotated[
    int, Field(ge=1, le=1_000_000, description="Requests a minute; without: the setting."), Whole
]


class KeyState(StrEnum):
    """Whether a key is valid."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class KeyQuery(PageQuery):
    """Which keys are wanted."""


class NewKey(BaseModel):
    """A key to make. Nobody gives a key more than they may do themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name = Field(examples=["nightly-import"])
    roles: Roles
    permissions: Permissions | None = None
    models: Models | None = None
    engagement: str | None = Field(
        default=None, min_length=1, max_length=100, description="Id or name of the engagement it is bound to."
    )
    rate: Rate | None = None
    expires_at: Moment | None = Field(default=None, description="Until then; without: until revoked.")


class ModelList(BaseModel):
    """Which models a key may use; null: all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Models | None


class Rotation(BaseModel):
    """How a key gets a new secret: the one before stays valid for `overlap` seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    overlap: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP), Whole] = 86_400


class Key(BaseModel):
    """A key, without its secret. `due`: its secret is 90 days old or older, and should be rotated.

    `previous_until` is when the secret before the last rotation ends. `last_used_at` is true to a minute.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    environment: str
    state: KeyState
    roles: list[str]
    permissions: list[str] | None
    models: list[str] | None
    engagement_id: UUID | None
    rate: int | None
    made_by: str
    created_at: dt.datetime
    rotated_at: dt.datetime
    due: bool
    previous_until: dt.datetime | None
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None


class KeyMade(BaseModel):
    """A key with its new secret, which is shown here and never again."""

    model_config = ConfigDict(frozen=True)

    key: Key
    secret: str = Field(
        description="Send it as `Authorization: Bearer` or `X-API-Key`.",
        json_schema_extra={"format": "password"},
    )
