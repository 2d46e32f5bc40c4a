"""What crosses the API about the policies of a tenant."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pilothouse.kit.moments import Moment
from pilothouse.kit.numbers import Whole
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.text import Line
from pilothouse.policies.actions.bundles import LARGEST
from pilothouse.policies.actions.comparing import Answered
from pilothouse.policies.actions.given import GivenAction
from pilothouse.policies.actions.testing import Tested

MOST_REPLAYED = 20_000
"""Decisions that one simulation replays at most."""

FileName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}\.(cedar|tests\.yaml|tests\.yml|tests\.json)$"),
]
Number = Annotated[int, Field(ge=1, le=2**31 - 1), Whole]
Note = Annotated[Line, Field(description="Why.")]


class PolicyPageQuery(PageQuery):
    """Which page is wanted."""


class DecisionQuery(PageQuery):
    """Which decisions are wanted."""

    run_id: UUID | None = None
    differing: bool = Field(default=False, description="Only those that the shadow saw otherwise.")


class NewDraft(BaseModel):
    """A new version: its files by name, `*.cedar` and their tests `*.tests.yaml` or `*.tests.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: Annotated[
        dict[FileName, Annotated[str, Field(max_length=LARGEST)]],
        Field(min_length=1, max_length=200, json_schema_extra={"additionalProperties": False}),
    ]
    note: Note = ""


class Version(BaseModel):
    """A version of a tenant's policies. `parent` was active when it was made; `policies` is their number."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    number: int
    sha256: str
    policies: int
    parent: int | None
    note: str
    made_by: str
    created_at: dt.datetime
    active: bool = False
    shadow: bool = False


class VersionFiles(Version):
    """A version with its files."""

    files: dict[str, str]


class PolicyState(BaseModel):
    """What holds now. `shipped` names the sets of the installed applications, which always hold."""

    model_config = ConfigDict(frozen=True)

    active: int | None
    shadow: int | None
    shipped: dict[str, str]


class PolicyChange(BaseModel):
    """That a version was made active, or the shadow of the active one."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    kind: Literal["activated", "rolled_back", "shadowed", "unshadowed"]
    before: int | None
    after: int | None
    note: str
    made_by: str
    at: dt.datetime


class Checked(BaseModel):
    """Whether policies can be activated: what is wrong with them, and how their tests went."""

    model_config = ConfigDict(frozen=True)

    valid: bool
    faults: tuple[str, ...] = ()
    policies: int = 0
    tests: tuple[Tested, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong, and no test fails."""
        return self.valid and all(test.failure is None for test in self.tests)


class Activation(BaseModel):
    """Why a version is made active."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note: Note = ""


class Rollback(BaseModel):
    """To which version is gone back; without one, to what was active before the present one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Number | None = None
    note: Note = ""


class Shadowing(BaseModel):
    """The version that runs in the shadow of the active one; None ends it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Number | None
    note: Note = ""


class Replay(BaseModel):
    """Which past decisions are replayed: the newest `last`, of those from `since` to before `until`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    last: Annotated[int, Field(ge=1, le=MOST_REPLAYED), Whole] = 1_000
    since: Moment | None = None
    until: Moment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since is not None and self.until is not None and self.until <= self.since:
            message = "`until` comes after `since`"
            raise ValueError(message)
        return self


class ToExplain(BaseModel):
    """An action to explain, by the version that is active or by another one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: GivenAction
    number: Number | None = None


class RecordedDecision(BaseModel):
    """What was decided of an action, and what the shadow said of it."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    run_id: UUID
    step: str
    tool: str
    at: dt.datetime
    decision: Answered
    shadow: int | None
    shadowed: Answered | None
    differs: bool


class VocabularyShown(BaseModel):
    """The Cedar schema of policies, and what of the arguments is not seen as it is."""

    model_config = ConfigDict(frozen=True)

    cedar: str
    notes: tuple[str, ...]
