"""The policies that hold for each tenant as one process knows them: parsed once, kept while they are used.

A change is heard of by notification and holds then at once. Where that is lost, the database is asked again
as soon as what is known is older than `BELIEVED` seconds: a change holds everywhere within a second.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from pilothouse.kit.clock import elapsed
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.policies.actions.bundles import read_content
from pilothouse.policies.actions.circumstances import Circumstances
from pilothouse.policies.actions.engine import ActionEngine
from pilothouse.policies.actions.shipped import Shipped
from pilothouse.policies.versions.repository import PolicyRepository, Standing

BELIEVED = 0.8
"""Seconds for which what was looked up is believed."""
MOST_HOT = 256
"""Tenants whose policies are kept in memory; those that were used least recently are read anew."""

PRINCIPAL = "policies"


def version_name(number: int) -> str:
    """What names a tenant's version in decisions."""
    return f"tenant:{number}"


@dataclass(frozen=True)
class Hot:
    """What holds for a tenant: its engine, its shadow's, what is around its actions, and when it was read."""

    standing: Standing
    engine: ActionEngine
    shadow: ActionEngine | None
    around: Circumstances
    looked: float


class LivePolicies:
    """Knows the policies of all tenants. Use it within one event loop."""

    def __init__(
        self,
        database: Database,
        shipped: Shipped,
        *,
        environment: str = "production",
        now: Callable[[], float] = elapsed,
    ) -> None:
        """`now` counts seconds; nothing is looked up before a tenant is asked about."""
        self._database = database
        self._shipped = shipped
        self._environment = environment
        self._now = now
        self._hot: OrderedDict[str, Hot] = OrderedDict()
        self._stale: set[str] = set()
        self._heard = 0
        self._looking: dict[str, asyncio.Task[Hot]] = {}

    async def of(self, tenant_id: str) -> Hot:
        """What holds for a tenant; raises what the database raises where it has to be asked."""
        found = self._hot.get(tenant_id)
        if found is not None and tenant_id not in self._stale and self._now() - found.looked < BELIEVED:
            self._hot.move_to_end(tenant_id)
            return found
        task = self._looking.get(tenant_id)
        if task is None:
            task = asyncio.create_task(self._look(tenant_id, found))
            self._looking[tenant_id] = task
            task.add_done_callback(lambda done: self._looked(tenant_id, done))
        return await asyncio.shield(task)

    def changed(self, tenant_id: str | None) -> None:
        """Hear that a tenant's policies were changed; None: that some changes may have been missed."""
        self._heard += 1
        names = list(self._hot) if tenant_id is None else [tenant_id]
        self._stale.update(names)
        for name in list(self._looking) if tenant_id is None else names:
            self._looking.pop(name, None)  # it may have looked before the change

    def _looked(self, tenant_id: str, done: asyncio.Task[Hot]) -> None:
        if self._looking.get(tenant_id) is done:
            del self._looking[tenant_id]
        if not done.cancelled():
            done.exception()  # whoever waits for it raises it

    async def _look(self, tenant_id: str, before: Hot | None) -> Hot:
        looked, heard = self._now(), self._heard
        async with self._database.session(Scope(tenant_id, PRINCIPAL)) as session:
            policies = PolicyRepository(session, Scope(tenant_id, PRINCIPAL))
            standing = await policies.standing()
            engine, shadow = await self._engines(policies, standing, before)
        around = Circumstances.of(self._environment, standing.attributes)
        found = Hot(standing, engine, shadow, around, looked)
        other = self._hot.get(tenant_id)
        if other is not None and other.looked > looked:
            return found  # somebody who began later, after a change, was faster
        if heard == self._heard:
            self._stale.discard(tenant_id)
        self._hot[tenant_id] = found
        self._hot.move_to_end(tenant_id)
        while len(self._hot) > MOST_HOT:
            gone, _ = self._hot.popitem(last=False)
            self._stale.discard(gone)
        return found

    async def _engines(
        self, policies: PolicyRepository, standing: Standing, before: Hot | None
    ) -> tuple[ActionEngine, ActionEngine | None]:
        """The engines that were there where nothing has changed, else those of the versions that hold now."""
        if before is not None and before.standing.revision == standing.revision:
            return before.engine, before.shadow
        engine = await self._engine(policies, standing.active)
        shadow = None if standing.shadow is None else await self._engine(policies, standing.shadow)
        return engine, shadow

    async def _engine(self, policies: PolicyRepository, number: int | None) -> ActionEngine:
        if number is None:
            return self._shipped.engine()
        row = await policies.get(number)
        if row is None:  # the states name what is there: versions are never removed alone
            raise LookupError(f"Version {number} of the policies is gone.")
        rules = read_content(row.content).rules()
        return await asyncio.to_thread(self._shipped.engine, rules, version_name(number))
