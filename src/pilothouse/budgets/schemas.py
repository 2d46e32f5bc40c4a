"""What crosses the API about budgets."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from pilothouse.budgets.periods import Period
from pilothouse.kit.numbers import as_written, exactly
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.text import Name
from pilothouse.runtime.questions import ROLE_NAME

__all__ = ["Period"]

MOST = Decimal(10) ** 15
LEVELS = (50, 80, 100)
"""The shares of a budget, in per cent, at which an alert is made, each once in a period."""


class Scope(StrEnum):
    """Whose spending counts."""

    TENANT = "tenant"
    ENGAGEMENT = "engagement"
    WORKFLOW = "workflow"
    AGENT = "agent"
    RUN = "run"
    KEY = "key"


class Unit(StrEnum):
    """What is counted."""

    MONEY = "money"
    TOKENS = "tokens"
    ACTIONS = "actions"


class Beyond(StrEnum):
    """What becomes of an action that would go beyond the hard limit."""

    DENY = "deny"
    APPROVAL = "approval"


class Lost(StrEnum):
    """What becomes of a reservation whose run ended, or is gone, with the outcome unknown."""

    CHARGE = "charge"
    RELEASE = "release"


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        message = "is not a time zone, such as Europe/Berlin"
        raise ValueError(message)
    return name


WRITTEN = re.compile(r"^[0-9]{1,15}(\.[0-9]{1,6})?$")
"""How an amount is written."""


Amount = Annotated[
    Decimal,
    Field(ge=0, lt=MOST, max_digits=21, decimal_places=6),
    BeforeValidator(exactly(WRITTEN)),
    PlainSerializer(str, return_type=str, when_used="json"),
    as_written(WRITTEN, int(MOST) - 1),
]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="For money, and for nothing else.")]
Zone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_known_zone)]
Subject = Annotated[
    str,
    Field(
        max_length=255,
        pattern=r"^[!-~]*$",
        description="The workflow's or agent's name, or the id of the engagement, run or key. Of the scope "
        "`run`, `*` is each run by itself; of `tenant` it is empty.",
    ),
]


class BudgetQuery(PageQuery):
    """Which budgets are wanted."""


class BudgetTerms(BaseModel):
    """What can be changed of a budget: its limits, and what becomes of what goes beyond.

    Beyond `soft` an action is allowed with a warning. Beyond `hard` it is denied or, with `beyond` approval,
    asked about: an approver of `role` may let it go. `lost` says what becomes of what was reserved for a call
    whose outcome nobody will learn: it is charged, as the call may have been made, or released.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    soft: Amount | None = None
    hard: Amount | None = None
    beyond: Beyond = Beyond.DENY
    role: Annotated[str, Field(pattern=rf"^{ROLE_NAME}$")] | None = None
    lost: Lost = Lost.CHARGE

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.soft is None and self.hard is None:
            message = "give a soft limit, a hard one or both"
            raise ValueError(message)
        if self.soft is not None and self.hard is not None and self.soft > self.hard:
            message = "the soft limit is beyond the hard one"
            raise ValueError(message)
        if (self.role is not None) != (self.beyond is Beyond.APPROVAL):
            message = "a role is named where approval is asked for, and only there"
            raise ValueError(message)
        return self


class NewBudget(BudgetTerms):
    """A budget to make: at most `hard` of a unit in each period, for whoever it counts."""

    name: Name = Field(examples=["refunds-a-month"])
    scope: Scope = Scope.TENANT
    subject: Subject = ""
    unit: Unit
    currency: Currency | None = None
    period: Period
    time_zone: Zone = "UTC"

    @model_validator(mode="after")
    def _names_what_it_counts(self) -> Self:
        if (self.currency is not None) != (self.unit is Unit.MONEY):
            message = "a currency is named for money, and for nothing else"
            raise ValueError(message)
        if (self.subject == "") != (self.scope is Scope.TENANT):
            message = "a subject is named for every scope but tenant"
            raise ValueError(message)
        if self.subject == "*" and self.scope is not Scope.RUN:
            message = "only of the scope run, * is a subject"
            raise ValueError(message)
        if self.scope is Scope.RUN and self.period is not Period.RUN:
            message = "the period of a run's budget is run"
            raise ValueError(message)
        if self.scope in {Scope.ENGAGEMENT, Scope.KEY} or (self.scope is Scope.RUN and self.subject != "*"):
            UUID(self.subject)
        return self


class Budget(NewBudget):
    """A budget of the tenant."""

    id: UUID
    made_by: str
    created_at: dt.datetime
    changed_at: dt.datetime


class Usage(BaseModel):
    """What is spent and reserved of a budget in one period.

    `remaining` is up to the hard limit, if there is one. A run has no beginning and end. `alerted` is the
    highest level that was reached, in per cent.
    """

    model_config = ConfigDict(frozen=True)

    period: str
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    spent: Amount
    reserved: Amount
    remaining: Annotated[Decimal, PlainSerializer(str, return_type=str, when_used="json")] | None
    alerted: int


class Usages(BaseModel):
    """The periods of a budget in which anything was spent, the latest first."""

    model_config = ConfigDict(frozen=True)

    items: list[Usage]


class Forecast(BaseModel):
    """What will be spent by the end of the period, as far as that can be told.

    Half of what would happen is between `low` and `high`, if days stayed as different as they were. `basis`
    is what it rests on: `weekdays` (what such days have cost), `days` (the usual day) or `rate` (what was
    spent so far, at this rate to the end). `exhausted_on` is the day on which the limit is reached, if it is.
    """

    model_config = ConfigDict(frozen=True)

    period: str
    ends_at: dt.datetime
    spent: Amount
    expected: Amount
    low: Amount
    high: Amount
    at_most: Amount
    basis: str
    exhausted_on: dt.date | None


class Alert(BaseModel):
    """A budget has reached a level, in per cent of its hard limit (of its soft one where it has no other)."""

    model_config = ConfigDict(frozen=True)

    id: int
    budget_id: UUID
    period: str
    level: int
    spent: Amount
    at_most: Amount
    at: dt.datetime


class Alerts(BaseModel):
    """The alerts of a tenant, the latest first."""

    model_config = ConfigDict(frozen=True)

    items: list[Alert]
