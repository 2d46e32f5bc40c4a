"""What crosses the API about health."""

from __future__ import annotations

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
