"""Which budgets an action counts towards, and how much of each it needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from pilothouse.budgets.periods import Window, window
from pilothouse.budgets.schemas import Beyond, Period, Scope, Unit
from pilothouse.kit.money import Money
from pilothouse.runtime.governing import Action


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


def needs(
    action: Action, budgets: Iterable[Limits], at: dt.datetime, *, tokens: int = 0, cost: Money | None = None
) -> list[Need]:
    """What an action needs of the `budgets` of its tenant, in the order of their ids.

    It costs what its tool says, or `cost` where that is given, and takes `tokens`.
    """
    return sorted(_needs(action, budgets, at, tokens, cost or action.cost), key=lambda need: need.limits.id)


def _needs(
    action: Action, budgets: Iterable[Limits], at: dt.datetime, tokens: int, cost: Money | None
) -> Iterator[Need]:
    for limits in budgets:
        amount = _amount(limits, tokens, cost)
        if amount > 0 and _counts(limits, action):
            yield Need(limits, window(limits.period, limits.time_zone, at, action.run_id), amount)


def _amount(limits: Limits, tokens: int, cost: Money | None) -> Decimal:
    if limits.unit is Unit.ACTIONS:
        return Decimal(1)
    if limits.unit is Unit.TOKENS:
        return Decimal(tokens)
    return cost.amount if cost is not None and cost.currency == limits.currency else Decimal(0)


def _counts(limits: Limits, action: Action) -> bool:
    kind, _, key = action.principal.partition(":")
    subjects = {
        Scope.TENANT: "",
        Scope.ENGAGEMENT: str(action.engagement_id),
        Scope.WORKFLOW: action.workflow,
        Scope.AGENT: action.agent,
        Scope.RUN: str(action.run_id),
        Scope.KEY: key if kind == "key" else None,
    }
    everything = limits.scope is Scope.RUN and limits.subject == "*"
    return limits.tenant_id == action.tenant_id and (everything or subjects[limits.scope] == limits.subject)
