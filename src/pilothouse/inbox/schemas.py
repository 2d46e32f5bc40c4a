"""What crosses the API about questions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from pilothouse.kit.money import Money
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.text import Text
from pilothouse.runtime.questions import ROLE_NAME, QuestionKind


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
    role: str | None = Field(
        default=None,
        pattern=f"^{ROLE_NAME}$",
        description="Those that name these approvers.",
        examples=["finance"],
    )
    mine: bool = Field(default=False, description="Open ones that the caller may answer.")


class Change(BaseModel):
    """One thing in which the arguments differ from the version before: where, and what it was and is."""

    model_config = ConfigDict(frozen=True)

    where: str
    before: JsonValue
    after: JsonValue


class Past(BaseModel):
    """One thing that the run has done."""

    model_config = ConfigDict(frozen=True)

    step: str
    what: str
    at: dt.datetime | None


class IntendedAction(BaseModel):
    """The action that an approval is about, as it will run. `digest` is its name: a decision says it back.

    `arguments` are shown as far as the viewer may see them. `role` is whose approval is missing, whoever is
    asked for it; silence refuses, or approves (`on_expiry`). `changes` tell what differs from the version
    before, `note` why a change was not taken. `so_far`, the last things that the run did, is told where a
    single question is shown.
    """

    model_config = ConfigDict(frozen=True)

    digest: str
    tool: str
    step: str
    arguments: JsonValue
    cost: Money | None
    workflow: str
    agent: str | None
    principal: str
    marks: list[str]
    reasons: list[str]
    policies: list[str]
    policy_version: str | None
    role: str
    not_requester: bool
    on_expiry: Literal["refuse", "approve"]
    escalated: bool
    delegated_by: str | None
    edited_by: str | None
    changes: list[Change] = []
    note: str
    so_far: list[Past] = []


class Question(BaseModel):
    """What a run asks a person.

    Where it is `free` any text is an answer, beside the `choices` if there are some. An empty answer takes
    the `default`, if there is one; `default_assumes` says what that means. With a `role`, such as finance, it
    is for those who have the role approver:finance, and for admins; with an `assignee` for that principal
    only. `answer` is told where a single answered question is shown. An approval is about an `action`, and is
    decided, not answered.
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
    free: bool = False
    default: str | None
    default_assumes: str
    role: str | None
    assignee: str | None = None
    answer: str | None = None
    action: IntendedAction | None = None
    expires_at: dt.datetime | None
    created_at: dt.datetime
    closed_at: dt.datetime | None
    closed_by: str | None


@dataclass(frozen=True)
class Glance:
    """An open question as somebody without any rights sees it. `sealed`: nothing of what it says is in it."""

    question: Question
    sealed: bool


@dataclass(frozen=True)
class Linked:
    """A link by which its addressee decides one action once. Neither part that decides is shown by `repr`."""

    addressee: str
    expires_at: dt.datetime
    token: str = field(repr=False)
    url: str = field(repr=False)


class Answer(BaseModel):
    """A person's answer: one of the choices, in any case of letters, or text; empty for the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: Text


Digest = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        description="The digest of the action that was looked at.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Principal = Annotated[str, Field(pattern=r"^(local|(person|key):[0-9a-f-]{36})$")]


class Approve(BaseModel):
    """Let the action run as it was shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: Digest
    reason: Text = ""


class Refuse(BaseModel):
    """Do not let the action run; the workflow is told the reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: Digest
    reason: Text = ""


class Edit(BaseModel):
    """Let the action run with other arguments: a new action, about which is decided anew."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: Digest
    arguments: JsonValue
    reason: Text = ""


class Delegate(BaseModel):
    """Leave it to the approvers of another role, or to somebody by name (`person:<id>`): one of the two."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: Digest
    to_role: str | None = Field(default=None, pattern=f"^{ROLE_NAME}$", examples=["legal"])
    to_assignee: Principal | None = None
    reason: Text = ""

    @model_validator(mode="after")
    def _to_one(self) -> Self:
        if (self.to_role is None) == (self.to_assignee is None):
            message = "It is delegated to a role or to somebody by name: give one of them."
            raise ValueError(message)
        return self


class LinkDecision(BaseModel):
    """A decision by a link: of the action with this digest, as it was told with the link."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: Annotated[
        str, Field(min_length=20, max_length=400, repr=False, json_schema_extra={"format": "password"})
    ]
    digest: Digest
    verdict: Literal["approve", "refuse"]
    reason: Text = ""


class Decided(BaseModel):
    """What became of a decision by a link."""

    model_config = ConfigDict(frozen=True)

    question_id: UUID
    verdict: Literal["approve", "refuse"]
    digest: str
    decided_by: str
    closed_at: dt.datetime | None
