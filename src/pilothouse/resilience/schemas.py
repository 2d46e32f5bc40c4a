"""What crosses the API about breakers."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.kit.moments import Moment
from pilothouse.kit.text import Named as Said
from pilothouse.resilience.states import State

Named = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@-]*$",
        description="A dependency's name.",
        examples=["model/openai"],
    ),
]


class Mode(StrEnum):
    """What is set by hand: `disabled` lets every call through and counts none; `none` lets go."""

    FORCED_OPEN = "forced_open"
    DISABLED = "disabled"
    METRICS_ONLY = "metrics_only"
    NONE = "none"


class NewOverride(BaseModel):
    """What to set by hand, why, and until when, if it is to let go by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode
    reason: Said
    until: Moment | None = None


class OverrideShown(BaseModel):
    """What is set by hand: by whom, why, since when and until when."""

    model_config = ConfigDict(frozen=True)

    mode: Mode
    reason: str
    made_by: str
    made_at: dt.datetime
    until: dt.datetime | None


class Reported(BaseModel):
    """A breaker as one process has last told of it.

    `calls`, `failed` and `slow` are those in its window; `succeeded`, `errors`, `not_permitted` and `retries`
    count since the process has begun. A process that has told nothing for a while is not shown.
    """

    model_config = ConfigDict(frozen=True)

    process: str
    state: State
    since: dt.datetime
    reason: str
    calls: int
    failed: int
    slow: int
    in_a_row: int
    succeeded: int
    errors: int
    not_permitted: int
    retries: int
    reported_at: dt.datetime


class BreakerShown(BaseModel):
    """A breaker in the installation. `state` is that of the process which lets the fewest calls through."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: State
    override: OverrideShown | None
    processes: list[Reported]


class Breakers(BaseModel):
    """The breakers of the installation, by name."""

    model_config = ConfigDict(frozen=True)

    items: list[BreakerShown]
