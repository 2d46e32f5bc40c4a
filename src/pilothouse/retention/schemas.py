"""What crosses the API about retention."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.kit.numbers import Whole

EVERY_WORKFLOW = "*"
"""The rule of a tenant for workflows that have none of their own."""


class Keep(StrEnum):
    """What stays of a run when its days are over."""

    EVERYTHING = "everything"
    RUN = "run"  # that it was, when, and how it ended
    NOTHING = "nothing"


class RuleEdit(BaseModel):
    """How long finished runs are kept whole, and what stays of them afterwards."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[int, Field(ge=1, le=36_500, description="Days after a run's end."), Whole]
    keep: Keep = Keep.NOTHING


class Rule(BaseModel):
    """A rule of the tenant, and what it has removed so far.

    `workflow` is `*` for those without a rule of their own. `next_at` is when it is applied again.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    workflow: str
    days: int
    keep: Keep
    changed_at: dt.datetime
    changed_by: str
    next_at: dt.datetime
    last_at: dt.datetime | None
    runs: int
    entries: int
    artifacts: int


class Rules(BaseModel):
    """The rules of a tenant, by workflow."""

    items: list[Rule]


class Estimate(BaseModel):
    """What applying a rule now would remove. `oldest_at` is when the first of those runs ended."""

    workflow: str
    keep: Keep
    runs: int
    entries: int
    oldest_at: dt.datetime | None


class Estimates(BaseModel):
    """What applying each rule now would remove."""

    items: list[Estimate]
