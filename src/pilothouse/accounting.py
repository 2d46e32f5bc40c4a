"""What keeps account in a process: budgets and the usage of models, made from its settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from pilothouse.budgets.chores import BudgetChore
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.runtime.connection import Lane
from pilothouse.usage.chores import UsageChore
from pilothouse.usage.service import Prices, RequestBook

if TYPE_CHECKING:
    from pilothouse.runtime.ports import Chore
    from pilothouse.settings import Settings


def accounting_chores(conninfo: str, settings: Settings, stack: AsyncExitStack) -> Iterator[Chore]:
    """What workers see to about budgets and usage; closed with `stack`."""
    lane = Lane(conninfo, {"jit": "off"}, purpose="accounts", prepare=settings.prepares)
    stack.push_async_callback(lane.close)
    yield BudgetChore(lane)
    yield UsageChore(lane, dt.timedelta(days=settings.usage_keep_days))


def prices_of(settings: Settings) -> Prices:
    """What models cost here."""
    return Prices(settings.model_prices, settings.providers)


def book_of(settings: Settings) -> RequestBook:
    """What keeps account of the models that agents of other frameworks ask by themselves."""
    return RequestBook(prices_of(settings), SystemClock(), Ids())
