"""What is told of an installation's readiness, and what crosses the API about attestations."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pilothouse.kit.moments import Moment
from pilothouse.kit.numbers import Whole

MOST_DAYS = 1_100
"""Days for which an attestation may hold: three years."""


class Verdict(StrEnum):
    """How one thing is. Only `fail` keeps an installation out of production."""

    PASS = "pass"  # noqa: S105 - a verdict
    WARN = "warn"
    FAIL = "fail"


class Line(BaseModel):
    """One thing that was looked at: what was found, and what to do about it (empty: nothing)."""

    model_config = ConfigDict(frozen=True)

    name: str
    verdict: Verdict
    found: str
    todo: str = ""


def passed(name: str, found: str) -> Line:
    """A line about what is well."""
    return Line(name=name, verdict=Verdict.PASS, found=found)


def warned(name: str, found: str, todo: str) -> Line:
    """A line about what should be better."""
    return Line(name=name, verdict=Verdict.WARN, found=found, todo=todo)


def failed(name: str, found: str, todo: str) -> Line:
    """A line about what has to be better."""
    return Line(name=name, verdict=Verdict.FAIL, found=found, todo=todo)


class Topic(StrEnum):
    """What a program cannot see, so that a person has to state it."""

    DATA_PROCESSING = "data_processing"
    PRIVACY_POLICY = "privacy_policy"
    ON_CALL = "on_call"
    RESTORE_DRILL = "restore_drill"
    KEY_ESCROW = "key_escrow"
    SIGN_OFF = "sign_off"


MEANING = {
    Topic.DATA_PROCESSING: "Agreements on data processing are signed with everyone who processes the data.",
    Topic.PRIVACY_POLICY: "The privacy policy tells what this installation does with personal data.",
    Topic.ON_CALL: "Somebody is on call, knows it, and has the runbooks.",
    Topic.RESTORE_DRILL: "A backup was restored elsewhere and what it held was looked at.",
    Topic.KEY_ESCROW: "A copy of the vault key is kept apart from the backups, and was found readable.",
    Topic.SIGN_OFF: "Whoever answers for the installation has signed it off.",
}


class AttestationEdit(BaseModel):
    """A statement: `stated_by` is who answers for it, `evidence` where that can be looked up.

    It holds for `days` from now, or until `expires_at`; one of the two is given.
    """

    model_config = ConfigDict(extra="forbid")

    topic: Topic
    stated_by: Annotated[str, Field(min_length=1, max_length=200)]
    evidence: Annotated[str, Field(min_length=1, max_length=2_000)]
    days: Annotated[int, Field(ge=1, le=MOST_DAYS), Whole] | None = None
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if (self.days is None) == (self.expires_at is None):
            message = "give `days` or `expires_at`"
            raise ValueError(message)
        return self


class Attestation(BaseModel):
    """A statement that was made. `recorded_by` is the principal who entered it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    topic: Topic
    stated_by: str
    evidence: str
    stated_at: dt.datetime
    expires_at: dt.datetime
    recorded_by: str
    withdrawn_at: dt.datetime | None
    withdrawn_by: str | None


class Attestations(BaseModel):
    """Statements, the newest first."""

    items: list[Attestation]
