"""What crosses the API about health."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Alive(BaseModel):
    """The process answers."""

    model_config = ConfigDict(frozen=True)

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """The process can serve. `schema_revision` is that of the database."""

    model_config = ConfigDict(frozen=True)

    status: Literal["ready"] = "ready"
    schema_revision: str
    worker: Literal["alive", "elsewhere"]


class Condition(StrEnum):
    """How a part is. `absent` is one that this process does not have, by its settings."""

    WELL = "well"
    DEGRADED = "degraded"
    FAILED = "failed"
    ABSENT = "absent"


class Part(BaseModel):
    """One thing that the process depends on. `figures` are in the units that their names say."""

    model_config = ConfigDict(frozen=True)

    name: str
    status: Condition
    detail: str
    figures: dict[str, float] = {}


class Detail(BaseModel):
    """How the process is, with each part it depends on; `status` is that of the worst part."""

    model_config = ConfigDict(frozen=True)

    status: Condition
    version: str
    checked_at: dt.datetime
    parts: list[Part]
