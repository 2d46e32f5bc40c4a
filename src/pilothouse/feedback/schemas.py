"""What crosses the API about feedback."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pilothouse.kit.numbers import Whole
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.text import Line, Text

Rating = Annotated[
    int,
    Field(ge=-1, le=1, description="-1: bad, 0: neither, 1: good."),
    Whole,
]
PromptName = Annotated[str, Field(max_length=200, pattern=r"^[a-z0-9][a-z0-9_./\-]*$")]
VersionName = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:\-]*$")]
ArmName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.\-]{0,49}$")]


class Origin(NamedTuple):
    """What has produced what is rated: a version of a prompt, in an arm of an experiment, as far as known."""

    prompt: str | None = None
    version: str | None = None
    experiment_id: UUID | None = None
    arm: str | None = None


class NewFeedback(BaseModel):
    """A rating, and a comment if there is one, of a run, of one of its steps, or of a message.

    A `message` is named by the id that its sender knows it by: a completion of the gateway, a reply in a
    conversation. What produced a step is looked up; where that is not known, it may be said here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: UUID | None = None
    step: Line = Field(default="", description="The key of a step of the run.")
    message: Annotated[str, Field(max_length=200, pattern=r"^[!-~]*$")] = ""
    rating: Rating
    comment: Text | None = Field(default=None, repr=False)
    prompt: PromptName | None = None
    version: VersionName | None = None
    experiment_id: UUID | None = None
    arm: ArmName | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.run_id is None and not self.message:
            message = "name a run or a message"
            raise ValueError(message)
        if self.step and self.run_id is None:
            message = "a step is one of a run: name that, too"
            raise ValueError(message)
        if (self.prompt is None) != (self.version is None):
            message = "a version is one of a prompt: name both or neither"
            raise ValueError(message)
        if (self.experiment_id is None) != (self.arm is None):
            message = "an arm is one of an experiment: name both or neither"
            raise ValueError(message)
        return self


class Feedback(BaseModel):
    """What somebody says of a run, a step or a message. A comment whose key was destroyed is null."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    run_id: UUID | None
    step: str
    message: str
    principal: str
    rating: int
    comment: str | None = Field(repr=False)
    prompt: str | None
    version: str | None
    experiment_id: UUID | None
    arm: str | None
    made_at: dt.datetime
    changed_at: dt.datetime


class FeedbackQuery(PageQuery):
    """Which feedback is wanted; it has to fit everything that is given."""

    run_id: UUID | None = None
    prompt: PromptName | None = None
    version: VersionName | None = None
    experiment_id: UUID | None = None
    rating: int | None = Field(default=None, ge=-1, le=1)


class VersionsQuery(BaseModel):
    """Of which prompt the versions are wanted; without, of all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: PromptName | None = None


class VersionFeedback(BaseModel):
    """How a version of a prompt was rated: how often each way, and the mean from -1 to 1."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    version: str
    ratings: int
    good: int
    neither: int
    bad: int
    comments: int
    mean: float
    latest_at: dt.datetime


class VersionsFeedback(BaseModel):
    """The versions that were rated, by prompt and the latest rated first; at most 500."""

    model_config = ConfigDict(frozen=True)

    items: list[VersionFeedback]
