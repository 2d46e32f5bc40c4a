"""What crosses the API about questions."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.kit.pagination import PageQuery
from pilothouse.runtime.questions import MAX_ANSWER, QuestionKind


class QuestionStatus(StrEnum):
    """The state of a question; only an open one can be answered."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class QuestionQuery(PageQuery):
    """Which questions are wanted; a question has to fit everything that is given."""

    status: list[QuestionStatus] = Field(default_factory=list, description="Any of these states.")
    run_id: UUID | None = None


class Question(BaseModel):
    """What a run asks a person.

    Without `choices` any text is an answer. An empty answer takes the `default`, if there is one;
    `default_assumes` says what that means. `answer` is told where a single answered question is shown.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    run_id: UUID
    key: str
    status: QuestionStatus
    kind: QuestionKind
    prompt: str
    why: str
    choices: list[str]
    default: str | None
    default_assumes: str
    answer: str | None = None
    expires_at: dt.datetime | None
    created_at: dt.datetime
    closed_at: dt.datetime | None
    closed_by: str | None


class Answer(BaseModel):
    """A person's answer: one of the choices, in any case of letters, or text; empty for the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: str = Field(max_length=MAX_ANSWER)
