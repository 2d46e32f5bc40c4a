"""What crosses the API about schedules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from pilothouse.errors import InvalidInput
from pilothouse.kit import moments
from pilothouse.kit.numbers import Truth, Whole
from pilothouse.kit.pagination import PageQuery
from pilothouse.runtime import labels
from pilothouse.schedules.calendar import LAST_YEAR, MAX_CRON, MAX_INTERVAL, checked_cron, checked_zone

MAX_FIRES = 100
"""Fires that are told, at most."""
MAX_MISSED = 1_000
"""Missed fires that are made up for, at most."""

T = TypeVar("T")


def _by(check: Callable[[T], T]) -> AfterValidator:
    """A check that raises `InvalidInput`, for a field."""

    def validate(value: T) -> T:
        try:
            return check(value)
        except InvalidInput as error:
            raise ValueError(str(error).removesuffix(".")) from None

    return AfterValidator(validate)


def _to_the_second(moment: dt.datetime) -> dt.datetime:
    if not 2000 <= moment.year < LAST_YEAR:
        message = f"lies not between 2000 and {LAST_YEAR}"
        raise ValueError(message)
    return moment.replace(microsecond=0)


Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]{0,99}$", examples=["nightly-report"])]
Version = Annotated[int, Field(ge=1, le=2_147_483_647), Whole]
Cron = Annotated[
    str,
    Field(max_length=MAX_CRON, json_schema_extra={"format": "cron"}, examples=["30 7 * * MON-FRI"]),
    _by(checked_cron),
]
Interval = Annotated[int, Field(ge=1, le=MAX_INTERVAL), Whole]
Zone = Annotated[
    str,
    Field(max_length=60, json_schema_extra={"format": "time-zone"}, examples=["Europe/Berlin"]),
    _by(checked_zone),
]
Moment = Annotated[moments.Moment, AfterValidator(_to_the_second)]
Priority = Annotated[int, Field(ge=-100, le=100), Whole]
Labels = Annotated[
    dict[str, str],
    _by(labels.checked),
    WithJsonSchema(
        {
            "type": "object",
            "patternProperties": {
                labels.KEY: {"type": "string", "format": "line", "maxLength": labels.MAX_VALUE}
            },
            "additionalProperties": False,
            "maxProperties": labels.MAX_LABELS,
        }
    ),
]
MissedLimit = Annotated[int, Field(ge=1, le=MAX_MISSED), Whole]


class Missed(StrEnum):
    """What becomes of fires that came due while nothing ran: none, one run for all, or a run for each."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"


class Overlap(StrEnum):
    """What a fire does while the last run has not ended: run beside it, not at all, after it, or instead."""

    ALLOW = "allow"
    SKIP = "skip"
    QUEUE = "queue"
    CANCEL = "cancel"


class _Rhythmic(BaseModel):
    """When something fires: by `cron` (five fields, in `time_zone`) or every `interval_seconds`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cron: Cron | None = None
    interval_seconds: Interval | None = Field(default=None, description="Counted from `start_at`.")
    time_zone: Zone = "UTC"
    start_at: Moment | None = Field(default=None, description="It does not fire before.")
    end_at: Moment | None = Field(default=None, description="It does not fire behind it.")

    @field_validator("end_at")
    @classmethod
    def _ends_later(cls, end_at: dt.datetime | None, info: ValidationInfo) -> dt.datetime | None:
        start_at = info.data.get("start_at")
        if end_at is not None and start_at is not None and end_at < start_at:
            message = "lies before start_at"
            raise ValueError(message)
        return end_at

    @model_validator(mode="after")
    def _has_one_rhythm(self) -> Self:
        if (self.cron is None) == (self.interval_seconds is None):
            message = "Give either cron or interval_seconds"
            raise ValueError(message)
        return self


class RhythmWanted(_Rhythmic):
    """A rhythm of which one wants to know when it fires, before there is a schedule."""

    fires: Annotated[int, Field(ge=1, le=MAX_FIRES), Whole] = 5


class RhythmShown(BaseModel):
    """A rhythm in words, and when a schedule made now would fire by it; fewer where it ends before."""

    model_config = ConfigDict(frozen=True)

    rhythm: str
    fires: list[dt.datetime]


class NewSchedule(_Rhythmic):
    """A schedule to be made: it fires by `cron` (five fields, in `time_zone`) or every `interval_seconds`."""

    name: Name
    workflow: Name
    version: Version | None = Field(default=None, description="Without it the newest one at each fire.")
    input: JsonValue = Field(default=None, description="What the workflow's `input_schema` asks for.")
    missed: Missed = Missed.ONCE
    missed_limit: MissedLimit = Field(default=100, description="Missed fires that `all` makes up for.")
    overlap: Overlap = Overlap.SKIP
    paused: Annotated[bool, Truth] = False
    priority: Priority = 0
    labels: Labels = Field(default_factory=dict, description="They are put on each run.")
    engagement: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="The id or the name of its runs' engagement; it stays.",
    )


class _NotNull:
    """Says of a member that may be left out that it is not to be null, which would take it away."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        told = handler(schema)
        (kept,) = [one for one in told.pop("anyOf") if one != {"type": "null"}]
        return {**kept, **told}


class ScheduleEdit(BaseModel):
    """What is to change of a schedule; what is left out stays. Giving one rhythm takes the other away.

    Null takes a rhythm, a beginning, an end or a version away.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[Name | None, _NotNull()] = None
    workflow: Annotated[Name | None, _NotNull()] = None
    version: Version | None = None
    input: JsonValue = None
    cron: Cron | None = None
    interval_seconds: Interval | None = None
    time_zone: Annotated[Zone | None, _NotNull()] = None
    start_at: Moment | None = None
    end_at: Moment | None = None
    missed: Annotated[Missed | None, _NotNull()] = None
    missed_limit: Annotated[MissedLimit | None, _NotNull()] = None
    overlap: Annotated[Overlap | None, _NotNull()] = None
    priority: Annotated[Priority | None, _NotNull()] = None
    labels: Annotated[Labels | None, _NotNull()] = None

    def changes(self) -> dict[str, Any]:
        """The members that were given, with the rhythm that they take away."""
        given = self.model_dump(exclude_unset=True)
        for one, other in (("cron", "interval_seconds"), ("interval_seconds", "cron")):
            if given.get(one) is not None and other not in given:
                given[other] = None
        return given


class ScheduleQuery(PageQuery):
    """Which schedules are wanted; a schedule has to fit everything that is given."""

    name: Name | None = None
    workflow: Name | None = None
    paused: bool | None = None
    failing: bool | None = Field(default=None, description="Whether the last fire made no run.")


class Failing(BaseModel):
    """Why the last fire of a schedule made no run, and since when that is so."""

    model_config = ConfigDict(frozen=True)

    reason: str
    since: dt.datetime


class ScheduleSummary(BaseModel):
    """A schedule as it stands in a list.

    `rhythm` says in words when it fires. `next_at` is null where it fires no more by itself. `queued` fires
    wait for the last run to end. `edition` rises with every change that people make.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    workflow: str
    version: int | None
    cron: str | None
    interval_seconds: int | None
    time_zone: str
    rhythm: str
    start_at: dt.datetime | None
    end_at: dt.datetime | None
    missed: Missed
    missed_limit: int
    overlap: Overlap
    paused: bool
    priority: int
    labels: dict[str, str]
    next_at: dt.datetime | None
    last_at: dt.datetime | None
    last_run_id: UUID | None
    queued: int
    failing: Failing | None
    edition: int
    principal: str
    engagement_id: UUID | None
    created_at: dt.datetime
    changed_at: dt.datetime


class Schedule(ScheduleSummary):
    """A schedule with its input and its next fires, which are none while it is paused."""

    input: JsonValue
    next_fires: list[dt.datetime]
