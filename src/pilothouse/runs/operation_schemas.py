"""What crosses the API about operations on runs: forks, labels, many runs at once, and figures."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from pilothouse.kit.moments import Moment
from pilothouse.kit.numbers import Truth, Whole, truth, whole
from pilothouse.kit.pagination import MAX_LIMIT
from pilothouse.runs.filters import MAX_VERSION, OTHER_ORDER, Cursor, RunFilter
from pilothouse.runs.schemas import LabelKey, Labels, LabelValue, RunStatus
from pilothouse.runtime.questions import MAX_ANSWER

MAX_BUCKETS = 200
"""Stretches of time in a histogram at most."""

StepName = Annotated[str, Field(min_length=1, max_length=4_000, examples=["gather#0/1/ask:cloud"])]
Answer = Annotated[str, Field(max_length=MAX_ANSWER)]


class ForkRequest(BaseModel):
    """How a fork differs from its parent, and where it leaves it.

    `at` is the first step that the fork executes by itself: its key, or the end of it. Without it, that is
    the first of the questions that `answers` names, or everything where the `input` is another one.
    `answers` are given by the key of the question, or the end of it. `labels` replaces the parent's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: StepName | None = None
    input: JsonValue = Field(default=None, description="Left out: the parent's. `null` is an input.")
    answers: dict[StepName, Answer] = Field(default_factory=dict, max_length=100)
    labels: Labels | None = None


class LabelChange(BaseModel):
    """Labels to set, or to take away where they are null; the others stay."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: dict[LabelKey, LabelValue | None] = Field(json_schema_extra={"additionalProperties": False})


class BulkRequest(BaseModel):
    """Which runs something is done to; an empty filter means all runs and has to be confirmed with `all`.

    One request works on at most `limit` runs and for at most ten seconds: send `next_cursor` of its result
    to go on. With `dry_run` it is told what would happen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    filter: RunFilter = RunFilter()
    all: Annotated[bool, Truth] = False
    dry_run: Annotated[bool, Truth] = False
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT), Whole] = MAX_LIMIT
    cursor: Cursor = None

    @field_validator("filter", mode="before")
    @classmethod
    def _of_json(cls, value: object) -> object:
        """In a body, what a query has to write as text is what it is in JSON."""
        if isinstance(value, dict):
            for name, check in (("version", whole), ("has_open_questions", truth)):
                if value.get(name) is not None:
                    check(value[name])
        return value

    @model_validator(mode="after")
    def _cursor_of_this_order(self) -> Self:
        if self.cursor is not None and (self.cursor.at is not None) != self.filter.has_moments:
            raise ValueError(OTHER_ORDER)
        return self


class MoveRequest(BulkRequest):
    """Which open runs are moved to the version `to` of their workflow, which the filter names."""

    filter: RunFilter = Field(
        json_schema_extra={"required": ["workflow"], "properties": {"workflow": {"type": "string"}}}
    )
    to: Annotated[int, Field(ge=1, le=MAX_VERSION), Whole]

    @model_validator(mode="after")
    def _of_one_workflow(self) -> MoveRequest:
        if self.filter.workflow is None:
            message = "the filter has to name the workflow"
            raise ValueError(message)
        return self


class Refusal(BaseModel):
    """A run that something was not done to, and why."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    reason: str


class BulkResult(BaseModel):
    """What was done: to how many of the runs that fit and are in a state for it, and which were refused.

    `next_cursor` is there where more runs are to be looked at.
    """

    model_config = ConfigDict(frozen=True)

    dry_run: bool
    matched: int
    done: int
    refused: list[Refusal]
    next_cursor: str | None = None


class StatisticsQuery(BaseModel):
    """The window of time: by default the 24 hours before `to`, which by default is now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Moment | None = Field(default=None, alias="from")
    until: Moment | None = Field(default=None, alias="to")


class Count(BaseModel):
    """How many runs of a workflow are in a state: ended ones of the window, and open ones."""

    model_config = ConfigDict(frozen=True)

    workflow: str
    status: RunStatus
    runs: int


class Durations(BaseModel):
    """Seconds from the submission of a run to its completion, waiting included."""

    model_config = ConfigDict(frozen=True)

    p50: float
    p95: float
    p99: float


class FailureCount(BaseModel):
    """How many of the newest failed runs of the window failed with a code."""

    model_config = ConfigDict(frozen=True)

    code: str
    runs: int


class Statistics(BaseModel):
    """Figures of runs in a window of time.

    `per_minute` is how many ended a minute; `durations` is null where none completed. `partial` tells that
    only the newest runs were counted, because there are more than can be counted quickly.
    """

    model_config = ConfigDict(frozen=True)

    since: dt.datetime = Field(serialization_alias="from")
    until: dt.datetime = Field(serialization_alias="to")
    submitted: int
    ended: int
    open: int
    per_minute: float
    counts: list[Count]
    durations: Durations | None
    failures: list[FailureCount]
    waiting_for_people: int
    oldest_queued_seconds: float | None
    partial: bool


class HistogramQuery(RunFilter):
    """Which runs are counted, in which window, and in how many stretches of time.

    The window is the 24 hours before `to`, which is now, unless said otherwise.
    """

    since: Moment | None = Field(default=None, alias="from")
    until: Moment | None = Field(default=None, alias="to")
    buckets: int = Field(default=60, ge=1, le=MAX_BUCKETS, description="Stretches of time, equally long.")


class Bucket(BaseModel):
    """The runs that were made in a stretch of time, by the state that they are in now."""

    model_config = ConfigDict(frozen=True)

    at: dt.datetime
    runs: dict[RunStatus, int]


class Histogram(BaseModel):
    """How many runs were made when. Each of `buckets` is `seconds` long and begins `at` its moment.

    `partial` tells that only the newest million runs of the window were counted.
    """

    model_config = ConfigDict(frozen=True)

    since: dt.datetime = Field(serialization_alias="from")
    until: dt.datetime = Field(serialization_alias="to")
    seconds: float
    buckets: list[Bucket]
    partial: bool
