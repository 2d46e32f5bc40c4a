"""What crosses the API about prompts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from pilothouse.kit.money import Amount
from pilothouse.kit.pagination import DEFAULT_LIMIT, MAX_LIMIT, PageQuery
from pilothouse.kit.text import Line
from pilothouse.prompts.files import LARGEST_HEAD
from pilothouse.prompts.rendering import LARGEST_BODY
from pilothouse.prompts.schemas import PRODUCTION, Label, PromptHead, PromptName, TestedPrompt

Note = Annotated[Line, Field(description="Why.")]
Ref = Annotated[
    str,
    Field(
        pattern=r"^([1-9][0-9]{0,8}|[a-z][a-z0-9_\-]{0,49})$",
        description="A version's number, a label, or `file` for what an application ships.",
        examples=[PRODUCTION, "3"],
    ),
]
Target = Annotated[
    str,
    Field(
        pattern=r"^([1-9][0-9]{0,8}|file)$",
        description="A version's number, or `file` for what an application ships.",
    ),
]
Text = Annotated[str, Field(max_length=LARGEST_BODY + LARGEST_HEAD, description="The file: head and body.")]


class PromptQuery(BaseModel):
    """Which page of prompts is wanted; they are listed by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Items on the page.")
    cursor: PromptName | None = Field(default=None, description="`next_cursor` of the page before.")


class VersionQuery(PageQuery):
    """Which page of versions or moves is wanted."""


class DiffQuery(BaseModel):
    """Which two versions are compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: Ref = PRODUCTION
    after: Ref


class RefQuery(BaseModel):
    """Which version is meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Ref = PRODUCTION


class NewPromptVersion(BaseModel):
    """A new version: the text of its file, and the text of the tests beside it, if there are any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Text
    tests: Annotated[str, Field(max_length=LARGEST_HEAD)] = ""
    note: Note = ""


class LabelMove(BaseModel):
    """Where a label is to point, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Target
    note: Note = ""


class LabelRollback(BaseModel):
    """The label that goes back to where it pointed before, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Label = PRODUCTION
    note: Note = ""


class ToRender(BaseModel):
    """The variables that a version is to be rendered with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Ref = PRODUCTION
    variables: dict[str, JsonValue] = {}


class LabelShown(BaseModel):
    """Where a label points: a version's number, or `file:` and a digest. `edition` counts its moves."""

    model_config = ConfigDict(frozen=True)

    label: str
    version: str
    edition: int
    moved_by: str | None = None
    moved_at: dt.datetime | None = None


class PromptSummary(BaseModel):
    """A prompt in the list. `app` ships it, `latest` is the tenant's newest version, `labels` point to them.

    `production` is the id of the version that is used; null where there is none yet.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    app: str | None
    latest: int | None
    production: str | None
    labels: dict[str, str]


class VersionUse(BaseModel):
    """What the calls with a version came to in the last 30 days, and how it was rated, whenever that was.

    `cost` is in US dollars. `valid` and `invalid` count the answers of which a type was wanted, `repairs` the
    calls that showed a model what was wrong. `rating` is the mean from -1 to 1.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    calls: int = 0
    errors: int = 0
    valid: int = 0
    invalid: int = 0
    repairs: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Amount = Decimal(0)
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    ratings: int = 0
    rating: float | None = None


class PromptShown(PromptSummary):
    """A prompt with its labels in full, the version that an application ships, and what was `used` of it."""

    shipped: str | None
    pointers: tuple[LabelShown, ...]
    used: tuple[VersionUse, ...] = ()


class VersionSummary(BaseModel):
    """A version of a tenant's prompt. `id` names it, `digest` is that of what a model sees of it.

    Lists tell what was `used` of it; null where nothing was.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    number: int | None
    digest: str
    labels: tuple[str, ...] = ()
    note: str = ""
    made_by: str | None = None
    created_at: dt.datetime | None = None
    used: VersionUse | None = None


class VersionShown(VersionSummary):
    """A version with its head, its body, and the texts of which it was made."""

    head: PromptHead
    body: str
    text: str
    tests: str


class Move(BaseModel):
    """That a label was moved: who, when, from where to where (null: it pointed nowhere), and why."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    label: str
    kind: Literal["moved", "rolled_back", "removed"]
    before: str | None
    after: str | None
    note: str
    made_by: str
    at: dt.datetime


class PromptTested(BaseModel):
    """How the tests of a version went."""

    model_config = ConfigDict(frozen=True)

    id: str
    passed: bool
    tests: tuple[TestedPrompt, ...]
