"""Which budgets an action counts towards, and how much of each it needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from pilothouse.budgets.periods import Window, window
from pilothouse.budgets.schemas import Beyond, Period, Scope, Unit
from pilothouse.kit.money import Money
from pilothouse.runtime.governing import Action

NO_RUN = UUID(int=0)
_NOTHING, _ONE = Decimal(0), Decimal(1)
_MONEY, _TOKENS = Unit.MONEY, Unit.TOKENS  # looked up once: the gateway asks for each call's amounts


@dataclass(frozen=True)
class Limits:
    """A budget as actions meet it."""

    id: UUID
    tenant_id: str
    name: str
    scope: Scope
    subject: str
    unit: Unit
    currency: str | None
    period: Period
    time_zone: str
    soft: Decimal | None
    hard: Decimal | None
    beyond: Beyond
    role: str | None

    def told(self, amount: Decimal) -> str:
        """An amount of it, for people."""
        if self.unit is Unit.MONEY:
            return f"{amount:.2f} {self.currency}"
        text = f"{amount.normalize():f}"
        return f"{text} {self.unit[:-1] if amount == 1 else self.unit}"


@dataclass(frozen=True)
class Need:
    """How much of one budget an action needs, in the period in which it counts."""

    limits: Limits
    window: Window
    amount: Decimal


def needs(action: Action, budgets: Iterable[Limits], at: dt.datetime) -> list[Need]:
    """What an action needs of the `budgets` of its tenant, in the order of their ids."""
    return sorted(_needs(action, budgets, at), key=lambda need: need.limits.id)


def _needs(action: Action, budgets: Iterable[Limits], at: dt.datetime) -> Iterator[Need]:
    for limits in budgets:
        amount = amount_of(limits, action.tokens, action.cost)
        if amount > 0 and _counts(limits, action):
            yield Need(limits, window(limits.period, limits.time_zone, at, action.run_id), amount)


def amount_of(limits: Limits, tokens: int, cost: Money | None) -> Decimal:
    """How much of a budget something takes. Money counts in the budget's own currency only."""
    unit = limits.unit
    if unit is _MONEY:
        return cost.amount if cost is not None and cost.currency == limits.currency else _NOTHING
    return Decimal(tokens) if unit is _TOKENS else _ONE


def _counts(limits: Limits, action: Action) -> bool:
    subjects = {
        Scope.WORKFLOW: action.workflow,
        Scope.AGENT: action.agent,
        Scope.RUN: str(action.run_id),
        **_of_anybody(action.principal, action.engagement_id),
    }
    everything = limits.scope is Scope.RUN and limits.subject == "*"
    return limits.tenant_id == action.tenant_id and (everything or subjects[limits.scope] == limits.subject)


def _of_anybody(principal: str, engagement_id: UUID | None) -> dict[Scope, str | None]:
    kind, _, key = principal.partition(":")
    return {
        Scope.TENANT: "",
        Scope.ENGAGEMENT: str(engagement_id),
        Scope.KEY: key if kind == "key" else None,
    }


class Spender(NamedTuple):
    """On whose behalf a call is made that belongs to no run."""

    tenant_id: str
    principal: str
    agent: str | None = None
    workflow: str = ""
    engagement_id: UUID | None = None


def of_spender(spender: Spender, budgets: Iterable[Limits], at: dt.datetime) -> list[tuple[Limits, Window]]:
    """The budgets that a spender's calls count towards, each in its period; those of runs do not."""
    subjects = {
        Scope.WORKFLOW: spender.workflow or None,
        Scope.AGENT: spender.agent,
        Scope.RUN: None,
        **_of_anybody(spender.principal, spender.engagement_id),
    }
    return [
        (limits, window(limits.period, limits.time_zone, at, NO_RUN))
        for limits in budgets
        if limits.period is not Period.RUN
        and limits.tenant_id == spender.tenant_id
        and subjects[limits.scope] == limits.subject
    ]
