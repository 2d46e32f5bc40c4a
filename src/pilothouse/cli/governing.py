"""What `pilothouse budgets`, `kill` and `flags` work on: this machine's database, or a server over its API.

On the database nothing else has to run: a kill switch is thrown although no server answers.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel

from pilothouse.budgets.schemas import (
    Alerts,
    Budget,
    BudgetQuery,
    BudgetTerms,
    Forecast,
    NewBudget,
    Usages,
)
from pilothouse.cli.opening import Options, on_this_machine, sensible, server_named
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.pagination import Page
from pilothouse.kit.scope import HOME_TENANT
from pilothouse.switches.schemas import (
    Degradations,
    Flag,
    FlagKey,
    Flags,
    Kill,
    KillName,
    Kills,
    NewFlag,
    NewKill,
)

M = TypeVar("M", bound=BaseModel)

_DURATION = re.compile(r"(\d{1,5})\s{0,9}([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def moment(text: str, now: datetime) -> datetime:
    """The moment that `2h`, `30m` or an ISO 8601 time names. Raises `InvalidInput`."""
    found = _DURATION.fullmatch(text.strip())
    if found is not None:
        return now + timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no time."
        raise InvalidInput(message, hint="Write 30m, 2h, 1d or 2026-12-24T18:00+01:00.") from None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def checked(of: type[M], given: Mapping[str, object]) -> M:
    """What was said, if it is valid. Raises `InvalidInput`."""
    with sensible():
        return of.model_validate(given)


class Switching(Protocol):
    """What the commands around switches ask for."""

    async def kills(self, *, ended: bool = False) -> Kills:
        """What is killed."""
        ...

    async def kill(self, wanted: NewKill) -> Kill:
        """Kill something."""
        ...

    async def unkill(self, name: KillName) -> Kill:
        """Let it go."""
        ...

    async def flags(self) -> Flags:
        """The flags."""
        ...

    async def put(self, wanted: NewFlag) -> Flag:
        """Set a flag."""
        ...

    async def remove(self, key: FlagKey) -> Flag:
        """Remove a flag."""
        ...

    async def degradations(self) -> Degradations:
        """The agents on a lower rung."""
        ...

    async def restore(self, agent: str, tenant: str | None) -> None:
        """Put one back on its first."""
        ...


class Budgeting(Protocol):
    """What the commands around budgets ask for."""

    async def page(self, query: BudgetQuery) -> Page[Budget]:
        """Budgets."""
        ...

    async def create(self, wanted: NewBudget) -> Budget:
        """Make one."""
        ...

    async def change(self, budget_id: UUID, terms: BudgetTerms) -> Budget:
        """Change one."""
        ...

    async def delete(self, budget_id: UUID) -> None:
        """Delete one."""
        ...

    async def usage(self, budget_id: UUID) -> Usages:
        """What is spent."""
        ...

    async def forecast(self, budget_id: UUID) -> Forecast:
        """What will be."""
        ...

    async def alerts(self) -> Alerts:
        """What was reached."""
        ...


@dataclass(frozen=True)
class Governing:
    """Both, on the same database or server."""

    switches: Switching
    budgets: Budgeting


@asynccontextmanager
async def opened(options: Options, tenant: str | None = None) -> AsyncIterator[Governing]:
    """What governs on the server named by `--server`, or in this machine's database, for `tenant` there."""
    async with server_named(options, tenant) as client:
        if client is not None:
            yield Governing(_RemoteSwitches(client), _RemoteBudgets(client))
            return
    from pilothouse.budgets.repository import BudgetRepository
    from pilothouse.budgets.service import BudgetBook
    from pilothouse.switches.repository import SwitchRepository
    from pilothouse.switches.service import SwitchBook

    async with (
        on_this_machine(options, tenant) as here,
        here.database.session(here.scope) as session,
    ):
        clock, ids, scope = SystemClock(), here.parts.ids, here.scope
        everybody = scope.tenant_id == HOME_TENANT
        switches = SwitchRepository(session, scope, everybody=everybody)
        yield Governing(
            SwitchBook(switches, scope, clock, ids),
            BudgetBook(BudgetRepository(session, scope), scope, clock, ids),
        )


class _RemoteSwitches:
    """On a server, over its API."""

    def __init__(self, client: RemoteClient) -> None:
        self._client = client

    async def kills(self, *, ended: bool = False) -> Kills:
        return await self._client.told(Kills, "GET", "/switches", params={"ended": ended})

    async def kill(self, wanted: NewKill) -> Kill:
        return await self._client.told(Kill, "POST", "/switches/kill", json=wanted)

    async def unkill(self, name: KillName) -> Kill:
        return await self._client.told(Kill, "POST", "/switches/unkill", json=name)

    async def flags(self) -> Flags:
        return await self._client.told(Flags, "GET", "/flags")

    async def put(self, wanted: NewFlag) -> Flag:
        return await self._client.told(Flag, "PUT", "/flags", json=wanted)

    async def remove(self, key: FlagKey) -> Flag:
        return await self._client.told(Flag, "DELETE", "/flags", params=key)

    async def degradations(self) -> Degradations:
        return await self._client.told(Degradations, "GET", "/switches/degradations")

    async def restore(self, agent: str, tenant: str | None) -> None:
        await self._client.ask("POST", "/switches/restore", json={"agent": agent, "tenant": tenant})


class _RemoteBudgets:
    """On a server, over its API."""

    def __init__(self, client: RemoteClient) -> None:
        self._client = client

    async def page(self, query: BudgetQuery) -> Page[Budget]:
        return await self._client.told(Page[Budget], "GET", "/budgets", params=query)

    async def create(self, wanted: NewBudget) -> Budget:
        return await self._client.told(Budget, "POST", "/budgets", json=wanted)

    async def change(self, budget_id: UUID, terms: BudgetTerms) -> Budget:
        return await self._client.told(Budget, "PUT", f"/budgets/{budget_id}", json=terms)

    async def delete(self, budget_id: UUID) -> None:
        await self._client.ask("DELETE", f"/budgets/{budget_id}")

    async def usage(self, budget_id: UUID) -> Usages:
        return await self._client.told(Usages, "GET", f"/budgets/{budget_id}/usage")

    async def forecast(self, budget_id: UUID) -> Forecast:
        return await self._client.told(Forecast, "GET", f"/budgets/{budget_id}/forecast")

    async def alerts(self) -> Alerts:
        return await self._client.told(Alerts, "GET", "/budgets/alerts")
