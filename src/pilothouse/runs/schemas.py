"""What crosses the API about runs."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

from pilothouse.artifacts.schemas import Artifact
from pilothouse.inbox.schemas import Question
from pilothouse.kit.numbers import Truth, Whole
from pilothouse.kit.text import Line
from pilothouse.runs.filters import RunFilter, RunQuery
from pilothouse.runs.status import Name, RunStatus
from pilothouse.runtime import labels
from pilothouse.runtime.cards import Progress, ReasonCard
from pilothouse.runtime.errors import Failure

__all__ = [
    "Name",
    "RunFilter",
    "RunQuery",
    "RunStatus",
]  # beside what stands here: other domains ask for them

MAX_SEQ = 2_147_483_647
"""The greatest sequence number that the journal can hold."""

Seq = Annotated[int, Field(ge=0, le=MAX_SEQ)]
LabelKey = Annotated[str, Field(pattern=labels.KEY)]
LabelValue = Annotated[
    Line,
    Field(max_length=labels.MAX_VALUE),
    WithJsonSchema({"type": "string", "format": "line", "maxLength": labels.MAX_VALUE}),
]
Labels = Annotated[
    dict[LabelKey, LabelValue],
    Field(max_length=labels.MAX_LABELS, json_schema_extra={"additionalProperties": False}),
]
Encoding = Literal["json", "text", "base64", "none", "reference", "unreadable"]


class Because(StrEnum):
    """Why a run is in its state."""

    WAITS_FOR_WORKER = "waits_for_worker"
    STRANDED = "stranded"
    EXECUTES = "executes"
    WORKER_LOST = "worker_lost"
    CANCELLING = "cancelling"
    WAITS_FOR_PERSON = "waits_for_person"
    WAITS_FOR_TIME = "waits_for_time"
    WAITS_FOR_EVENT = "waits_for_event"
    ENDED = "ended"


class StatusDetail(BaseModel):
    """Why a run is in its state, for programs (`code`) and for people (`message`)."""

    model_config = ConfigDict(frozen=True)

    code: Because
    message: str


class Submission(BaseModel):
    """A run to be made, of the newest version if none is given. Higher priorities are executed first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workflow: Name
    input: JsonValue = Field(default=None, description="What the workflow's `input_schema` asks for.")
    version: Annotated[int, Field(ge=1, le=MAX_SEQ), Whole] | None = None
    priority: Annotated[int, Field(ge=-100, le=100), Whole] = 0
    labels: Labels = Field(default_factory=dict, description="To find it by, and to group it with others.")
    engagement: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="The id or the name of the open engagement to be in.",
    )
    untrusted: Annotated[bool, Field(description="The input is data from outside, as a mail."), Truth] = False


class RunSummary(BaseModel):
    """A run as it stands in a list.

    `stranded` tells that no live worker has the workflow in the run's version, so that it cannot go on.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    workflow: str
    version: int
    status: RunStatus
    status_detail: StatusDetail
    stranded: bool
    cancel_requested: bool
    open_questions: int
    priority: int
    principal: str
    labels: dict[str, str]
    continued_from: UUID | None
    forked_from: UUID | None
    schedule_id: UUID | None
    engagement_id: UUID | None
    created_at: dt.datetime
    changed_at: dt.datetime
    finished_at: dt.datetime | None


class LastStep(BaseModel):
    """The step that the journal last told of: the current one while the run is running."""

    model_config = ConfigDict(frozen=True)

    key: str
    kind: str
    at: dt.datetime


class ForkPoint(BaseModel):
    """Where a fork has left its parent: everything up to entry `seq` is shared with it.

    `step` is the first one that the fork executed by itself; `dropped` names steps of other branches that
    had ended in the parent by then, and were executed anew all the same.
    """

    model_config = ConfigDict(frozen=True)

    seq: int
    step: str
    changed_input: bool
    answers: dict[str, str]
    dropped: list[str]


class Run(RunSummary):
    """A run with what it was given, how far it is, what it needs and what came of it.

    `seq` is the number of its last journal entry. `error` is there where it has failed, `output` where it
    has completed; `continued_as` is the run that goes on in its place. `fork` is there where it is one.
    """

    seq: int
    fork: ForkPoint | None
    input: JsonValue
    step: LastStep | None
    progress: Progress | None
    error: Failure | None
    output: JsonValue
    continued_as: UUID | None
    questions: list[Question]
    artifacts: list[Artifact]


class JournalQuery(BaseModel):
    """Which part of a journal is wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: Seq = Field(default=0, description="The number of the last entry that is known already.")
    limit: int = Field(default=200, ge=1, le=1_000)


class JournalEntry(BaseModel):
    """One line of a run's journal.

    `payload` is shown as JSON where it is JSON; `encoding` says what it is else: text, base64, nothing, or
    unreadable where another version or a key that is gone has written it.
    """

    model_config = ConfigDict(frozen=True)

    seq: int
    kind: str
    key: str
    at: dt.datetime
    encoding: Encoding
    payload: JsonValue = None


class Journal(BaseModel):
    """A part of a journal, in order. `next_after` asks for what follows; it is null where that was all."""

    model_config = ConfigDict(frozen=True)

    items: list[JournalEntry]
    next_after: int | None = None


class Card(BaseModel):
    """A reason card, and where in the run it was put on the record."""

    model_config = ConfigDict(frozen=True)

    seq: int
    key: str
    at: dt.datetime
    card: ReasonCard


class Cards(BaseModel):
    """Reason cards in order. `next_after` asks for what follows; it is null where that was all."""

    model_config = ConfigDict(frozen=True)

    items: list[Card]
    next_after: int | None = None


class End(BaseModel):
    """The last event of a live stream: the state that the run has reached with its entry `seq`."""

    model_config = ConfigDict(frozen=True)

    status: RunStatus
    seq: int


class WorkflowSummary(BaseModel):
    """A workflow that can be submitted. `version` is the newest of its `versions`."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: int
    versions: list[int]
    app: str
    summary: str
    input_schema: dict[str, JsonValue]


class WorkflowQuery(BaseModel):
    """Which workflows are wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agents: bool = Field(default=False, description="Those that call one agent each (`agent.NAME`), too.")


class Workflows(BaseModel):
    """The workflows of this process, by name."""

    model_config = ConfigDict(frozen=True)

    items: list[WorkflowSummary]


class TemplateSummary(BaseModel):
    """A beginning that people can choose: `input` is the text to submit `workflow` with, as it is or changed.

    `id` is its own among those of its application; `icon` is a word for a picture, or nothing.
    """

    model_config = ConfigDict(frozen=True)

    app: str
    id: str
    title: str
    summary: str
    workflow: str
    input: str
    icon: str


class Templates(BaseModel):
    """The templates of the installed applications, by application, each in the application's own order."""

    model_config = ConfigDict(frozen=True)

    items: list[TemplateSummary]
